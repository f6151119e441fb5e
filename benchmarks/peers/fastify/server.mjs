// The peer of the benchmark `api`: Fastify with its rate limiter on Redis, and the same key check.
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import Fastify from "fastify";
import rateLimit from "@fastify/rate-limit";
import Redis from "ioredis";

const body = readFileSync(process.env.BODY_FILE);
const hashKey = (key) => createHmac("sha256", "pepper").update(key).digest("hex");
const keys = new Set([hashKey(process.env.API_KEY)]);
const fastify = Fastify();
await fastify.register(rateLimit, { max: 100_000_000, timeWindow: "1 minute", redis: new Redis(process.env.LIMITER_URL) });

fastify.addHook("onRequest", async (request, reply) => {
  const key = request.headers.authorization?.replace(/^Bearer /, "");
  if (!key || !keys.has(hashKey(key))) return reply.code(401).send();
});
fastify.get("/api/guilds/:guild_id/stats", async (_request, reply) => reply.type("application/json").send(body));
await fastify.listen({ host: "127.0.0.1", port: Number(process.env.PORT) });
