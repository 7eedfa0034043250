-- The same lines and the same purchase as here, as PostgreSQL would keep them: one row for each
-- passport ID with its limit, one for each purchase, and an outbox row for each.

create table passport (
  number     integer primary key,
  customer   char(13) not null unique,
  restricted boolean not null default false,
  limit_yen  bigint not null
);

create table purchase (
  receipt   bigserial primary key,
  provider  text not null,
  reference text not null,
  passport  integer not null references passport,
  service   text not null,
  amount    integer not null,
  bought_at timestamptz not null default now(),
  unique (provider, reference)
);

-- What a month's use is added up from.
create index purchase_by_passport on purchase (passport, bought_at);

create table outbox (
  receipt bigint primary key references purchase,
  payload jsonb not null
);

-- One durable purchase: idempotent by the provider's reference, the ID locked, restriction and limit
-- checked under the lock, the purchase and its outbox row put. Null where a rule refuses it.
create function buy(p_reference text, p_passport integer, p_service text, p_amount integer)
returns bigint
language plpgsql
as $$
declare
  v_receipt bigint;
  v_restricted boolean;
  v_limit bigint;
  v_used bigint;
begin
  select receipt into v_receipt
    from purchase where provider = 'b-sha' and reference = p_reference;
  if found then
    return v_receipt;
  end if;
  select restricted, limit_yen into v_restricted, v_limit
    from passport where number = p_passport for update;
  if not found or v_restricted then
    return null;
  end if;
  select coalesce(sum(amount), 0) into v_used
    from purchase
   where passport = p_passport and bought_at >= date_trunc('month', now());
  if v_used + p_amount > v_limit then
    return null;
  end if;
  insert into purchase (provider, reference, passport, service, amount)
    values ('b-sha', p_reference, p_passport, p_service, p_amount)
    returning receipt into v_receipt;
  insert into outbox (receipt, payload)
    values (v_receipt, jsonb_build_object('reference', p_reference, 'amount', p_amount));
  return v_receipt;
end
$$;
