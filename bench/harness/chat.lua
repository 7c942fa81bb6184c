-- A POST with a body from $BENCH_BODY and the token from $BENCH_TOKEN; the mark in the body becomes a counter.
-- With $BENCH_SAME every request is the same.
local file = assert(io.open(os.getenv("BENCH_BODY"), "rb"))
local body = file:read("*a")
file:close()

local mark = "00000000"
local at = assert(body:find(mark, 1, true))
local head, tail, count

function init(args)
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  wrk.headers["Authorization"] = "Bearer " .. os.getenv("BENCH_TOKEN")
  local whole = wrk.format(nil, nil, nil, body)
  local where = assert(whole:find(mark, 1, true))
  head, tail = whole:sub(1, where - 1), whole:sub(where + #mark)
  count = (os.time() % 90000) * 1000
end

function request()
  if not os.getenv("BENCH_SAME") then
    count = count + 1
  end
  return head .. string.format("%08d", count % 100000000) .. tail
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format("RESULT %d %d %d %d %.1f %.1f %.1f\n", summary.requests, summary.duration, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(99), latency.max))
end
