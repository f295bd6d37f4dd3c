// Runs storyboards of the npm package @adcp/sdk against one agent, one after another, and prints a line of JSON for each.
// Input on stdin: {sdk, agent, token, protocol, reset, storyboards, now, context, verbose}. `reset` is an address to POST to
// before each one, `context` what storyboards expect of steps that no storyboard has. With {sdk, list: true} it prints the
// ids of all storyboards of the release instead.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import { liveAt } from '../../sandbox/contract/sales_agent/clock.mjs';

const input = JSON.parse(readFileSync(0, 'utf8'));
const require = createRequire(join(input.sdk, 'package.json'));
const { comply } = require('./dist/lib/testing/compliance/index.js');
const { listAllComplianceStoryboards, loadComplianceIndex, resolveBundleOrStoryboard } = require('./dist/lib/testing/storyboard/compliance.js');
const { setAgentTesterLogger } = require('./dist/lib/testing/client.js');
const { StaticJwksResolver } = require('@adcp/sdk/signing');
const { parse } = require('yaml');

if (input.list) {
  console.log(JSON.stringify(listAllComplianceStoryboards().map((one) => one.id)));
  process.exit(0);
}

const silent = () => {};
setAgentTesterLogger({ info: silent, error: silent, warn: silent, debug: silent });
const say = console.log;
console.log = console.warn = console.error = silent;

// The kit of test data that a storyboard names, with a token of the agent for its key.
function kitOf(storyboards) {
  const named = storyboards.map((one) => one.prerequisites?.test_kit).find((path) => path?.includes('test-kits/'));
  const file = join(input.sdk, 'compliance', 'cache', loadComplianceIndex().adcp_version ?? '3.0.6', named ?? '');
  let kit = {};
  if (named) kit = parse(readFileSync(file, 'utf8'));
  if (kit.auth) kit.auth = { ...kit.auth, api_key: input.token };
  return kit;
}

// The keys of webhooks, whose purpose this release knows by the name that it had in AdCP 3.0.
async function keysOf(agent) {
  const { keys } = await (await fetch(new URL('/.well-known/jwks.json', agent))).json();
  const transport = keys.filter((key) => key.adcp_use === 'request-signing');
  return new StaticJwksResolver(transport.map((key) => ({ ...key, adcp_use: 'webhook-signing' })));
}

// Signatures live in the machine's time, whatever the world's.
const SIGNED = ['signed_requests', 'webhook_emission'];
const jwks = await keysOf(input.agent);

for (const id of input.storyboards) {
  liveAt(SIGNED.includes(id) ? undefined : input.now);
  await fetch(input.reset, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' });
  let line = { id };
  try {
    const kit = kitOf(resolveBundleOrStoryboard(id));
    const result = await comply(input.agent, {
      auth: { type: 'bearer', token: input.token },
      protocol: input.protocol,
      allow_http: true,
      storyboards: [id],
      test_kit: kit,
      context: input.context,
      webhook_signing: { jwks },
      webhook_receiver: { mode: 'loopback_mock' },
      contracts: ['webhook_receiver_runner'],
      // Two vectors want what all others forbid, and one is not sent at all: test_signing.py grades an agent by each.
      request_signing: { skipVectors: ['007-missing-content-digest', '018-digest-covered-when-forbidden', '025-jwk-alg-crv-mismatch'] },
      timeout_ms: 300000,
    });
    line = { id, summary: result.summary, failures: result.failures ?? [], executed: result.storyboards_executed, result: input.verbose ? result : undefined };
  } catch (error) {
    line = { id, error: String(error?.stack ?? error) };
  }
  say(JSON.stringify(line));
}
process.stdout.write('', () => process.exit(0));
