// The replica set (transactions and majority writes need one) and the user of the application, once.
try {
  rs.status();
} catch (error) {
  rs.initiate({ _id: "rs0", members: [{ _id: 0, host: "mongo:27017" }] });
}
while (!db.hello().isWritablePrimary) sleep(200);
const password = fs.readFileSync("/run/secrets/mongo_password", "utf8").trim();
const target = db.getSiblingDB("lead_generation");
if (target.getUser("leadgen") === null) {
  // clusterMonitor: connections and disk on the dashboard
  const roles = [{ role: "dbOwner", db: "lead_generation" }, { role: "clusterMonitor", db: "admin" }];
  target.createUser({ user: "leadgen", pwd: password, roles });
}
