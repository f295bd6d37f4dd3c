// A small outcome agent, as seed 002 describes one: proposes, accepts, buys through /rest/v1, reacts to patches and feedback.
//
// OUTCOME_KEY is the key that the platform shows. Where the platform is, and with which keys it is used, comes by
// POST /sandbox. Prints {"url": …} when it listens.
import express from "express";

const KEY = process.env.OUTCOME_KEY;
const BUFFER = 0.12;
const proposals = new Map();
const tactics = new Map();
const answered = new Map();
let platform;

const app = express();
app.use(express.json({ limit: "2mb" }));

app.use((req, res, next) => {
  if (req.get("X-API-Key") !== KEY) return res.status(401).json({ error: "Unauthorized" });
  next();
});

app.post("/sandbox", (req, res) => {
  const { platformUrl, customers } = req.body;
  platform = { url: platformUrl, keys: new Map(customers.map(({ seatId, apiKey }) => [seatId, apiKey])) };
  res.json({});
});

// The answer of an Idempotency-Key is given again to a retry; one that is still being made is waited for.
app.use((req, res, next) => {
  const key = req.get("Idempotency-Key");
  if (!key) return next();
  const name = `${req.path} ${key}`;
  if (answered.has(name)) return answered.get(name).then((body) => res.json(body));
  const json = res.json.bind(res);
  answered.set(name, new Promise((resolve) => { res.json = (body) => { resolve(body); return json(body); }; }));
  next();
});

async function call(tactic, operation, body) {
  const answer = await fetch(`${platform.url}/rest/v1/${operation}`, {
    method: "POST",
    headers: { Authorization: `Bearer ${tactic.apiKey}`, "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const told = await answer.json();
  if (!answer.ok) throw new Error(`${operation}: ${told.error.code}: ${told.error.message}`);
  return told.data ?? told;
}

app.post("/get-proposals", (req, res) => {
  const { campaignId, budgetRange, channels, countries } = req.body;
  const fits = channels.length === 0 || channels.includes("display");
  if (!fits || budgetRange.max < 100) return res.json({ proposals: [] });
  const tacticId = `express-${campaignId}`;
  const budgetCapacity = Math.floor(budgetRange.max * (1 - BUFFER));
  proposals.set(tacticId, { budgetCapacity, countries });
  res.json({
    proposals: [{
      tacticId,
      execution: "The cheapest display impressions, with a buffer of twelve per cent",
      budgetCapacity,
      pricing: { method: "revshare", rate: 10, currency: budgetRange.currency },
      sku: "express-display",
    }],
  });
});

// It buys before it answers: the platform has to let it in while it waits.
app.post("/accept-proposal", async (req, res) => {
  const { tacticId, tacticContext, seatId } = req.body;
  const proposed = proposals.get(tacticId);
  if (tactics.has(tacticId)) return res.json({ acknowledged: true });
  if (!proposed || !platform.keys.has(seatId)) return res.json({ acknowledged: false, reason: "unknown proposal or seat" });
  if (tacticContext.budget > proposed.budgetCapacity) return res.json({ acknowledged: false, reason: "too much budget" });
  const tactic = { tacticId, apiKey: platform.keys.get(seatId), context: tacticContext, bought: 0, orders: 0, heard: [] };
  tactics.set(tacticId, tactic);
  try {
    await buy(tactic);
    res.json({ acknowledged: true });
  } catch (error) {
    tactics.delete(tacticId);
    res.json({ acknowledged: false, reason: error.message });
  }
});

// Spends what the budget leaves but for the buffer, half on each of the two cheapest products.
async function buy(tactic) {
  const left = tactic.context.budget * (1 - BUFFER) - tactic.bought;
  if (left < 50) return;
  const { products } = await call(tactic, "get-products", { channels: ["display"], countries: tactic.context.countries });
  const price = (product) => product.pricingOptions?.[0]?.price ?? product.price ?? 0;
  const cheapest = [...products].sort((a, b) => price(a) - price(b)).slice(0, 2);
  for (const product of cheapest) {
    const budget = Math.round((left / cheapest.length) * 100) / 100;
    tactic.orders += 1;
    await call(tactic, "create-media-buy", {
      tacticId: tactic.tacticId,
      productId: product.productId,
      salesAgentId: product.salesAgentId,
      budget,
      idempotencyKey: `${tactic.tacticId}-${tactic.orders}`,
    });
    tactic.bought += budget;
  }
}

function known(req, res) {
  const tactic = tactics.get(req.body.tacticId);
  if (!tactic) res.status(404).json({ error: "unknown tactic" });
  return tactic;
}

function patched(context, patch) {
  const copy = structuredClone(context);
  for (const { op, path, value } of patch) {
    const names = path.split("/").slice(1).map((name) => name.replaceAll("~1", "/").replaceAll("~0", "~"));
    const last = names.pop();
    const holder = names.reduce((inner, name) => inner[name], copy);
    if (Array.isArray(holder)) {
      if (op === "add") holder.splice(last === "-" ? holder.length : Number(last), 0, value);
      else if (op === "remove") holder.splice(Number(last), 1);
      else holder[Number(last)] = value;
    } else if (op === "remove") delete holder[last];
    else holder[last] = value;
  }
  return copy;
}

// Answers first and buys afterwards, by itself: time has to stand still until it is quiet.
app.post("/tactic-context-updated", (req, res) => {
  const tactic = known(req, res);
  if (!tactic) return;
  tactic.context = patched(tactic.context, req.body.patch);
  res.json({});
  setImmediate(() => buy(tactic).catch((error) => console.error(error.message)));
});

app.post("/tactic-creatives-updated", (req, res) => {
  const tactic = known(req, res);
  if (!tactic) return;
  tactic.context.creatives = req.body.creatives;
  res.json({});
});

// Caps how often a person sees the ads while the delivery is good, and lifts the cap when it falls behind.
app.post("/tactic-feedback", (req, res) => {
  const tactic = known(req, res);
  if (!tactic) return;
  const { deliveryIndex, performanceIndex } = req.body;
  tactic.heard.push({ deliveryIndex, performanceIndex });
  res.json({});
  const frequencyCap = deliveryIndex < 90 ? null : { impressions: 5, period: "day" };
  setImmediate(() => call(tactic, "update-targeting", { tacticId: tactic.tacticId, frequencyCap })
    .catch((error) => console.error(error.message)));
});

app.use((error, req, res, next) => res.status(error.status ?? 500).json({ error: error.message }));

const server = app.listen(Number(process.env.PORT ?? 0), "127.0.0.1", () => {
  console.log(JSON.stringify({ url: `http://127.0.0.1:${server.address().port}` }));
});
