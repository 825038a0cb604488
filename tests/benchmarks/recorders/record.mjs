// Makes the requests of STEPS.json with one recorder and writes what that recorder writes.
// Usage: node record.mjs RECORDER STEPS.json OUT
import fs from "node:fs";
import http from "node:http";
import { createRequire } from "node:module";
import path from "node:path";

const require = createRequire(path.join(process.cwd(), "package.json"));
const [recorder, stepsFile, out] = process.argv.slice(2);
const steps = JSON.parse(fs.readFileSync(stepsFile, "utf-8"));

const filled = (text, known) => text.replace(/\{(\w+)\}/g, (_, name) => known[name]);
const at = (document, place) => place.split(".").reduce((value, key) => value[key], document);

async function all(send) {
  const known = {};
  for (const step of steps) {
    const body = step.body === null ? undefined : Buffer.from(step.body, "base64");
    const reply = await send({ ...step, url: filled(step.url, known), body });
    for (const [name, place] of Object.entries(step.take))
      known[name] = at(JSON.parse(reply.toString()), place);
  }
}

// What most Node clients come down to.
function throughHttp({ method, url, headers, body }) {
  return new Promise((done, failed) => {
    const sized = body ? { ...headers, "content-length": body.length } : headers;
    const request = http.request(url, { method, headers: sized }, (reply) => {
      const chunks = [];
      reply.on("data", (chunk) => chunks.push(chunk));
      reply.on("end", () => done(Buffer.concat(chunks)));
      reply.on("error", failed);
    });
    request.on("error", failed);
    request.end(body);
  });
}

async function throughFetch({ method, url, headers, body }) {
  return Buffer.from(await (await fetch(url, { method, headers, body })).arrayBuffer());
}

async function nocked(name, options, send) {
  const nock = require(name);
  nock.recorder.rec({ output_objects: true, dont_print: true, ...options });
  await all(send);
  await new Promise((later) => setTimeout(later, 200));
  fs.writeFileSync(out, JSON.stringify(nock.recorder.play(), null, 1));
  nock.recorder.clear();
  nock.restore();
}

const RECORDERS = {
  nock: () => nocked("nock", {}, throughFetch),
  "nock-headers": () => nocked("nock", { enable_reqheaders_recording: true }, throughHttp),
  nock13: () => nocked("nock13", { enable_reqheaders_recording: true }, throughHttp),
  async polly() {
    const { Polly } = require("@pollyjs/core");
    Polly.register(require("@pollyjs/adapter-node-http"));
    Polly.register(require("@pollyjs/persister-fs"));
    const folder = fs.mkdtempSync(path.join(process.cwd(), "polly-"));
    const polly = new Polly("recorded", {
      adapters: ["node-http"],
      persister: "fs",
      persisterOptions: { fs: { recordingsDir: folder } },
      recordIfMissing: true,
      recordFailedRequests: true,
      logLevel: "silent",
    });
    await all(throughHttp);
    await polly.stop();
    const [name] = fs.readdirSync(folder);
    fs.copyFileSync(path.join(folder, name, "recording.har"), out);
  },
  async axios() {
    const { AxiosHarTracker } = require("axios-har-tracker");
    const client = require("axios").create({ validateStatus: () => true });
    const tracker = new AxiosHarTracker(client);
    await all(async ({ method, url, headers, body }) => {
      const responseType = url.endsWith(".png") ? "arraybuffer" : "text";
      const isForm = headers["Content-Type"]?.startsWith("multipart/");
      const data = isForm ? body : body?.toString("utf-8");
      const got = await client.request({ method, url, headers, data, responseType });
      return Buffer.from(got.data);
    });
    fs.writeFileSync(out, JSON.stringify(tracker.getGeneratedHar(), null, 1));
  },
  async "node-fetch"() {
    const { withHar, createHarLog } = require("node-fetch-har");
    const harred = withHar(require("node-fetch"));
    const entries = [];
    await all(async ({ method, url, headers, body }) => {
      const got = await harred(url, { method, headers, body });
      const content = await got.buffer();
      entries.push(got.harEntry);
      return content;
    });
    fs.writeFileSync(out, JSON.stringify(createHarLog(entries), null, 1));
  },
};

await RECORDERS[recorder]();
process.exit(0);
