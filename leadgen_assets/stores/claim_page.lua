-- Claims all keys of a page of leads at once. One call, so nobody sees half a page.
-- KEYS: the distinct keys of the page.
-- ARGV[1]: milliseconds a new claim lives.
-- ARGV[2]: JSON {groups = [[members, key positions], ...], known = {key position: [owner, milliseconds left]}}
--   A group is leads united within the page; its keys come in order of precedence, its first member stands for it.
--   known: owners that MongoDB remembers for keys this server had lost.
-- Returns {owner of each group}, {holder of each key now}, {positions of the keys that this call set}.
local page = cjson.decode(ARGV[2])
local held = {}
for first = 1, #KEYS, 1000 do
  local part = redis.call('MGET', unpack(KEYS, first, math.min(first + 999, #KEYS)))
  for i = 1, #part do held[first + i - 1] = part[i] end
end
for position, memory in pairs(page.known) do
  local i = tonumber(position)
  if not held[i] then
    redis.call('SET', KEYS[i], memory[1], 'PX', memory[2])
    held[i] = memory[1]
  end
end
local owners, fresh = {}, {}
for g, group in ipairs(page.groups) do
  local members, positions = group[1], group[2]
  local is_member = {}
  for _, member in ipairs(members) do is_member[member] = true end
  local owner, own = nil, nil
  for _, i in ipairs(positions) do
    if held[i] then
      owner = owner or held[i]
      if not own and is_member[held[i]] then own = held[i] end
    end
  end
  owner = own or owner or members[1]
  for _, i in ipairs(positions) do
    if not held[i] then
      redis.call('SET', KEYS[i], owner, 'PX', ARGV[1])
      held[i] = owner
      fresh[#fresh + 1] = i
    end
  end
  owners[g] = owner
end
return {owners, held, fresh}
