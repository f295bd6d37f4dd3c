// A campaign bought from a served sales agent with the official TypeScript client, as a buyer's program does it.
//
//     adcp-sandbox serve --ready-file ready.json &
//     node tests/contract/client.mjs ready.json [agent] [mcp|a2a]
//
// Prints a line of JSON for each step. The package @adcp/sdk is looked for where this is run, or in the folder ADCP_SDK.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(join(process.env.ADCP_SDK ?? process.cwd(), 'package.json'));
const { AgentClient } = require('@adcp/sdk');
const { createWebhookVerifier, StaticJwksResolver } = require('@adcp/sdk/signing');

const [readyFile, agentId = 'worldview', protocol = 'mcp'] = process.argv.slice(2);
const ready = JSON.parse(readFileSync(readyFile, 'utf8'));
const row = ready.agents.find((one) => one.id === agentId);
const name = `${agentId}-ts-${protocol}`;
const account = { brand: { domain: 'acme.com' }, operator: 'acme.com' };

const say = (step, outcome) => process.stdout.write(`${JSON.stringify({ transport: protocol, step, ...outcome })}\n`);

// The control API of the sandbox moves simulated time.
async function control(path, body) {
  const answer = await fetch(`${ready.control}/${path}`, {
    method: body ? 'POST' : 'GET',
    headers: { 'content-type': 'application/json' },
    body: body && JSON.stringify(body),
  });
  return answer.json();
}
const advance = (by) => control('clock/advance', { by });
const later = (instant, days) => new Date(instant.getTime() + days * 86_400_000);

const client = new AgentClient({ id: agentId, name: agentId, agent_uri: row[protocol], protocol, auth_token: row.token });

// What a request came to; the client tells refusals as results that failed.
async function succeed(asked) {
  const result = await asked;
  if (!result.success) throw new Error(`${result.metadata?.taskName}: ${result.error}`);
  return result;
}

// Takes webhooks; the package checks the signature. It knows the purpose of keys by the name that it had in AdCP 3.0.
const { keys } = await (await fetch(new URL('/.well-known/jwks.json', row.mcp))).json();
const jwks = new StaticJwksResolver(keys.map((key) => ({ ...key, adcp_use: 'webhook-signing' })));
const verify = createWebhookVerifier({ jwks });
const hooks = [];
const inbox = createServer((request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', async () => {
    const body = Buffer.concat(parts).toString();
    const url = `http://${request.headers.host}${request.url}`;
    const checked = await verify({ method: 'POST', url, headers: request.headers, body }).catch((error) => error);
    hooks.push({ verified: checked.status === 'verified', why: checked.message, ...JSON.parse(body) });
    response.end();
  });
});
await new Promise((listening) => inbox.listen(0, '127.0.0.1', listening));

const capabilities = await client.getCapabilities();
say('capabilities', { protocols: capabilities.protocols, version: capabilities.version });

const found = await succeed(client.getProducts({ buying_mode: 'brief', brief: 'Video beside the news', account }));
const product = found.data.products[0];
say('discovery', { product: product.product_id, formats: product.format_ids.length });

const start = later(new Date((await control('clock')).now), 3);
const order = {
  idempotency_key: `${name}-first-order`,
  account,
  brand: account.brand,
  start_time: start.toISOString(),
  end_time: later(start, 7).toISOString(),
  packages: [
    {
      product_id: product.product_id,
      pricing_option_id: product.pricing_options.find((option) => option.fixed_price).pricing_option_id,
      budget: 1500,
    },
  ],
  push_notification_config: {
    url: `http://127.0.0.1:${inbox.address().port}/hooks`,
    operation_id: `${name}-order`,
  },
};
const asked = await succeed(client.createMediaBuy(order));
// Over A2A the client takes a task that is only submitted for a result; its handle is in the answer then.
const handle = (result) => result.submitted?.taskId ?? result.data.task_id;
say('order', { status: asked.submitted ? asked.status : asked.data.status, task: handle(asked) });
const again = await succeed(client.createMediaBuy(order));
say('order again', { status: again.submitted ? again.status : again.data.status, task: handle(again) });

const refused = async (step, other) => {
  const { success, adcpError, errorInstance } = await client.createMediaBuy({ ...order, ...other });
  const { code, recovery, field } = adcpError ?? {};
  say(step, { success, error: errorInstance?.constructor.name, code, recovery, field });
};
await refused('another order under the same key', { end_time: later(start, 8).toISOString() });
await refused('order of what is not there', {
  idempotency_key: `${name}-wrong-order`,
  packages: [{ ...order.packages[0], product_id: 'no-such-product' }],
});

const poll = async (order) => {
  if (order.submitted) return order.submitted.track();
  const request = { task_id: handle(order), include_result: true, account };
  return (await succeed(client.executeTask('get_task_status', request))).data;
};
say('task before time has passed', { status: (await poll(asked)).status });
await advance('1d');
const done = await poll(asked);
say('task a day later', { status: done.status });
for (let wait = 0; wait < 100 && hooks.length === 0; wait += 1) await new Promise((on) => setTimeout(on, 50));
say('webhook', { status: hooks[0]?.status, task: hooks[0]?.task_id, verified: hooks[0]?.verified, why: hooks[0]?.why });

const buyId = done.result.media_buy_id;
const read = async (id = buyId) =>
  (await succeed(client.getMediaBuys({ account, media_buy_ids: [id] }))).data.media_buys[0];
const buy = await read();
say('media buy', { id: buyId, status: buy.status });

const creative = {
  creative_id: `${name}-spot`,
  name: 'Spot',
  format_id: product.format_ids[0],
  assets: {
    video: { asset_type: 'video', url: 'https://cdn.acme.com/spot.mp4', width: 1280, height: 720, duration_ms: 15_000 },
  },
};
const uploaded = await succeed(
  client.syncCreatives({
    idempotency_key: `${name}-creatives`,
    account,
    creatives: [creative],
    assignments: [{ creative_id: creative.creative_id, package_id: buy.packages[0].package_id }],
  }),
);
const { action, assigned_to } = uploaded.data.creatives[0];
say('creative', { action, assigned_to });

await advance('6d');
say('media buy in flight', { status: (await read()).status });
await advance('10d');
say('media buy at the end', { status: (await read()).status });
const report = await succeed(client.getMediaBuyDelivery({ account, media_buy_ids: [buyId] }));
const delivery = report.data.media_buy_deliveries[0];
say('delivery', { status: delivery.status, impressions: delivery.totals.impressions, spend: delivery.totals.spend });

// A second media buy, from a proposal of the agent's.
const offered = await succeed(client.getProducts({ buying_mode: 'brief', brief: 'Video beside the news', account }));
const proposal = offered.data.proposals[0];
say('proposal', { status: proposal.proposal_status, products: proposal.allocations.length });
const begin = later(new Date((await control('clock')).now), 3);
const accepted = await succeed(
  client.createMediaBuy({
    idempotency_key: `${name}-proposal`,
    account,
    brand: account.brand,
    proposal_id: proposal.proposal_id,
    total_budget: { amount: 2000, currency: 'USD' },
    start_time: begin.toISOString(),
    end_time: later(begin, 7).toISOString(),
  }),
);
say('acceptance', { status: accepted.submitted ? accepted.status : accepted.data.status, task: handle(accepted) });
await advance('1d');
const second = await read((await poll(accepted)).result.media_buy_id);
const budgets = second.packages.map((item) => item.budget);
say('media buy from a proposal', { id: second.media_buy_id, status: second.status, budgets });
inbox.close();
