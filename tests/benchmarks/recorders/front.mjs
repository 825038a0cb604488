// Stands before the emulator on fixed ports, so that recorded addresses are the same every time:
// packs a reply as Accept-Encoding asks (gzip or br alone), and breaks one off where X-Cut is sent.
// Usage: node front.mjs '{"18101": "http://127.0.0.1:40001", ...}'; prints a line when it listens.
import http from "node:http";
import zlib from "node:zlib";

const ports = JSON.parse(process.argv[2]);
const PACKERS = { gzip: zlib.gzipSync, br: zlib.brotliCompressSync };
const OURS = new Set(["host", "accept-encoding", "x-cut", "connection", "content-length",
  "transfer-encoding", "expect", "proxy-connection"]);

function outside(text) {
  for (const [port, upstream] of Object.entries(ports))
    text = text.replaceAll(upstream, `http://127.0.0.1:${port}`);
  return text;
}

async function answer(upstream, request, reply) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const headers = Object.fromEntries(
    Object.entries(request.headers).filter(([name]) => !OURS.has(name)));
  headers["accept-encoding"] = "identity";
  const sent = chunks.length ? Buffer.concat(chunks) : undefined;
  const got = await fetch(upstream + request.url, { method: request.method, headers, body: sent });
  let body = Buffer.from(await got.arrayBuffer());
  if (!got.headers.get("content-type")?.startsWith("image/"))
    body = Buffer.from(outside(body.toString()));
  const pack = PACKERS[request.headers["accept-encoding"]];
  if (pack) {
    body = pack(body);
    reply.setHeader("Content-Encoding", request.headers["accept-encoding"]);
  }
  for (const name of ["content-type", "x-request-id"])
    if (got.headers.get(name)) reply.setHeader(name, got.headers.get(name));
  reply.setHeader("Content-Length", body.length);
  reply.statusCode = got.status;
  if (!request.headers["x-cut"]) return reply.end(body);
  reply.write(body.subarray(0, body.length / 2));
  setTimeout(() => reply.destroy(), 100); // what was written has to leave first
}

const open = Object.entries(ports).map(([port, upstream]) => new Promise((ready) =>
  http.createServer((request, reply) => answer(upstream, request, reply)
    .catch((error) => reply.destroy(error))).listen(Number(port), "127.0.0.1", ready)));
await Promise.all(open);
console.log("ready");
