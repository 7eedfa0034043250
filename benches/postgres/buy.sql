\set passport random(1, :lines)
\set reference random(1, 9000000000000000000)
select buy('order-' || :reference, :passport, 'anime-1', 300);
