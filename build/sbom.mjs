// Makes one SBOM of two: that of the hub, and that of the dashboard which is a part of it. What would differ from build to
// build is left out.
// Usage: node build/sbom.mjs VERSION HUB.json DASHBOARD.json
import { readFileSync } from "node:fs";

const [version, ...files] = process.argv.slice(2);
const [hub, dashboard] = files.map((file) => JSON.parse(readFileSync(file, "utf8")));
const [whole, part] = [hub, dashboard].map((bom) => bom.metadata.component);

part.name = "mcp-hub-dashboard";
// cyclonedx-gomod names the hub by what it finds of the repository, which differs between a clone and a worktree.
const own = hub.dependencies.find((one) => one.ref === whole["bom-ref"]);
own.ref = "mcp-hub";
const { type, evidence } = whole;
hub.metadata.component = { type, "bom-ref": own.ref, name: "mcp-hub", version, purl: "pkg:golang/mcphub?type=module", evidence };
for (const tool of hub.metadata.tools) delete tool.hashes; // they are compiled here
hub.metadata.tools.push(...dashboard.metadata.tools);
// npm's own --omit dev also leaves out what both the dashboard and its tools need.
const isTool = (component) => component.properties?.some((one) => one.name === "cdx:npm:package:development");
const packages = dashboard.components.filter((component) => !isTool(component));
const there = new Set([part, ...packages].map((component) => component["bom-ref"]));
hub.components.push(part, ...packages);
own.dependsOn.push(part["bom-ref"]);
hub.dependencies.push(
  ...dashboard.dependencies
    .filter((one) => there.has(one.ref))
    .map((one) => ({ ...one, dependsOn: one.dependsOn.filter((ref) => there.has(ref)) })),
);
console.log(JSON.stringify(hub, null, 2));
