// Collections of lead_generation over the shards of a MongoDB cluster; run once through mongos, after `leadgen doctor` has made
// the collections and indexes: mongosh mongodb://…/ deploy/kubernetes/shard.js
//
// All keys are hashed _ids: ids say who a document is, so that a repeated write goes to the same shard, and sprints do not
// write to one shard in turn. performance_marketers and sprints stay whole, on the primary shard: their unique indexes (a
// LinkedIn address, an address, a name) are not led by a shard key, and MongoDB allows no other. Who came first is decided by
// lead_keys, whose _id is the key itself, so it is unique over all shards.
const name = "lead_generation";
const sharded = [
  "raw_pages",
  "page_outcomes",
  "lead_keys",
  "quarantine",
  "cost_ledger",
  "enrichment_cache",
  "crm_outcomes",
];

sh.enableSharding(name);
for (const each of sharded) {
  sh.shardCollection(`${name}.${each}`, { _id: "hashed" });
}
