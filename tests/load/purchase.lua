-- A whole purchase for wrk, from the provider's push to the tokens, for those who bring wrk.
--
--   LINEPASS_CREDENTIALS=seed.jsonl wrk -t2 -c2 -d30s --latency -s tests/load/purchase.lua http://127.0.0.1:8480
--
-- As many connections as threads: wrk does not say to which connection an answer belongs, and a purchase
-- is one request after the other. wrk is a closed loop, so it asks for nothing while it waits, and its
-- percentiles are of requests, not of purchases; README.md says what to use instead.

local CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" -- RFC 7636, appendix B
local VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
local MOST_LINES = 10000
local threads = {}

function setup(thread)
  thread:set("number", #threads)
  table.insert(threads, thread)
end

local function encode(text)
  return (text:gsub("[^%w%-%._~]", function(c) return string.format("%%%02X", c:byte()) end))
end

local function form(fields)
  local parts = {}
  for _, field in ipairs(fields) do
    parts[#parts + 1] = field[1] .. "=" .. encode(field[2])
  end
  return table.concat(parts, "&")
end

-- The first provider, its first service that is bought again and again, and the households.
local function read(file)
  local provider, households = nil, {}
  for line in assert(io.open(file), "no file " .. file):lines() do
    if line:find('"kind":"provider"', 1, true) and not provider then
      local service, price = line:match('"service":"([^"]+)"[^}]-"kind":"per_use","unit_price":([%w]+)')
      if service then
        provider = {
          id = line:match('"client_id":"([^"]+)"'),
          secret = line:match('"client_secret":"([^"]+)"'),
          redirect = line:match('"redirect_uri":"([^"]+)"'),
          service = service,
          amount = tonumber(price) or 1,
        }
      end
    elseif line:find('"kind":"line"', 1, true) and not line:find('"state":"[^o]') then
      local id, password = line:match('"passport_id":"([^"]+)","password":"([^"]+)"')
      if id then
        households[#households + 1] =
          { id = id, password = password, address = line:match('"network":"([^/"]+)') }
      end
    end
    if #households >= MOST_LINES then break end
  end
  assert(provider, "no provider with a per-use service in " .. file)
  assert(#households > 0, "no household in " .. file)
  return provider, households
end

function init()
  provider, households = read(os.getenv("LINEPASS_CREDENTIALS") or "credentials.jsonl")
  math.randomseed(os.time() + number)
  tag = string.format("wrk-%d-%d-%d-", os.time(), number, math.random(1000000))
  count, bought, failed, first = 0, 0, 0, ""
  step = "push"
end

local function get(path) return wrk.format("GET", path, { cookie = cookie, ["x-forwarded-for"] = household.address }) end

local function post(path, fields, as_browser)
  local headers = { ["content-type"] = "application/x-www-form-urlencoded" }
  if as_browser then
    headers.cookie, headers["x-forwarded-for"] = cookie, household.address
  end
  return wrk.format("POST", path, headers, form(fields))
end

local STEPS = {
  push = function()
    count = count + 1
    household, cookie = households[math.random(#households)], nil
    local order = string.format(
      '[{"type":"purchase","reference":"%s%d","service":"%s","quantity":1,"amount":%d,"currency":"JPY"}]',
      tag, count, provider.service, provider.amount)
    return post("/oauth/par", {
      { "client_id", provider.id }, { "client_secret", provider.secret }, { "response_type", "code" },
      { "redirect_uri", provider.redirect }, { "scope", "openid" }, { "state", "s" }, { "nonce", "n" },
      { "code_challenge", CHALLENGE }, { "code_challenge_method", "S256" },
      { "authorization_details", order },
    })
  end,
  arrive = function()
    return get("/oauth/authorize?" .. form({ { "client_id", provider.id }, { "request_uri", request_uri } }))
  end,
  login_page = function() return get(flow .. "/login") end,
  login = function()
    local typed = { { "csrf", csrf }, { "passport_id", household.id }, { "password", household.password } }
    return post(flow .. "/login", typed, true)
  end,
  success = function() return get(flow .. "/success") end,
  confirmation = function() return get(flow .. "/confirm") end,
  press = function()
    return post(flow .. "/confirm", { { "csrf", csrf }, { "consent", "yes" }, { "month", month } }, true)
  end,
  completion = function() return get(flow .. "/complete") end,
  back = function() return get(flow .. "/return") end,
  exchange = function()
    return post("/oauth/token", {
      { "grant_type", "authorization_code" }, { "code", code }, { "redirect_uri", provider.redirect },
      { "code_verifier", VERIFIER }, { "client_id", provider.id }, { "client_secret", provider.secret },
    })
  end,
}

function request() return STEPS[step]() end

-- What each step must be answered with, what it leaves for the next one, and which that is.
local ANSWERS = {
  push = { 201, "arrive", function(_, body) request_uri = body:match('"request_uri":"([^"]+)"'); return request_uri end },
  arrive = { 303, "login_page", function(headers) flow = (headers.location or ""):match("^(/flow/[^/]+)/login"); return flow end },
  login_page = { 200, "login", function(_, body) csrf = body:match('name="csrf" value="([^"]+)"'); return csrf end },
  login = { 303, "success", function(headers) return (headers.location or "") == flow .. "/success" end },
  success = { 200, "confirmation", function() return true end },
  confirmation = { 200, "press", function(_, body)
    csrf, month = body:match('name="csrf" value="([^"]+)"'), body:match('name="month" value="([^"]+)"')
    return csrf and month
  end },
  press = { 303, "completion", function(headers) return headers.location == flow .. "/complete" end },
  completion = { 200, "back", function(_, body) return body:match('class="slip%-number"[^>]*>[%d ]+<') end },
  back = { 303, "exchange", function(headers) code = (headers.location or ""):match("[?&]code=([^&]+)"); return code end },
  exchange = { 200, "push", function(_, body)
    bought = bought + 1
    return body:match('"receipt_number":"%d+"')
  end },
}

function response(status, headers, body)
  local set = headers["set-cookie"] or headers["Set-Cookie"]
  if set then cookie = set:match("^([^;]+)") end
  headers.location = headers.location or headers.Location
  local expected, following, take = unpack(ANSWERS[step])
  if status == expected and take(headers, body) then
    step = following
  else
    failed = failed + 1
    if first == "" then first = step .. ": " .. status end
    step = "push"
  end
end

function done(summary)
  local all, otherwise, told = 0, 0, ""
  for _, thread in ipairs(threads) do
    all, otherwise = all + thread:get("bought"), otherwise + thread:get("failed")
    if told == "" then told = thread:get("first") end
  end
  io.write(string.format("purchases: %d, %.1f a second; otherwise: %d %s\n",
    all, all / (summary.duration / 1e6), otherwise, told))
end
