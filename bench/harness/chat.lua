-- A POST with a body from $BENCH_BODY and the token from $BENCH_TOKEN. The mark in the body becomes a counter, and what
-- follows it to the end of the text a passage of the corpus in the same folder: every prompt is new.
-- With $BENCH_SAME every request is the same.
local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

local place = os.getenv("BENCH_BODY")
local body = read(place)
local corpus = read(place:match("^(.*/)") .. "corpus.txt")
local mark = "00000000"
local start, before, after, room, count, whole

-- Consecutive words of about `size` bytes. They begin and end at spaces, so that no escape is cut.
local function passage(size)
  local from = corpus:find(" ", math.random(#corpus - size - 1000), true) + 1
  local to = from + size
  while corpus:byte(to) ~= 32 do
    to = to - 1
  end
  return corpus:sub(from, to - 1)
end

function init(args)
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "application/json"
  wrk.headers["Authorization"] = "Bearer " .. os.getenv("BENCH_TOKEN")
  whole = wrk.format(nil, nil, nil, body)
  local length = assert(whole:find("Content-Length: ", 1, true))
  local head = assert(whole:find("\r\n\r\n", 1, true))
  local rest = whole:sub(whole:find("\r\n", length, true), head + 1)
  start = whole:sub(1, length - 1) .. rest:sub(3) .. "Content-Length: "
  local at = assert(body:find(mark, 1, true))
  local text = at + #mark + 2
  local stop = assert(body:find('"', text, true))
  before, after, room = body:sub(1, at - 1), body:sub(stop), stop - text
  count = (os.time() % 90000) * 1000
  math.randomseed(os.time())
end

function request()
  if os.getenv("BENCH_SAME") then
    return whole
  end
  count = count + 1
  local text = before .. string.format("%08d", count % 100000000) .. ": " .. passage(room) .. after
  return start .. #text .. "\r\n\r\n" .. text
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format("RESULT %d %d %d %d %.1f %.1f %.1f\n", summary.requests, summary.duration, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(99), latency.max))
end
