// Asks once with an official client as it comes, and prints what its caller gets, as one line of JSON.
// node ask.mjs openai|anthropic whole|streamed URL KEY MODEL

import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";

const [vendor, mode, baseURL, key, model] = process.argv.slice(2);
const stream = mode === "streamed";
const messages = [{ role: "user", content: "please delete it" }];

async function openai() {
  const client = new OpenAI({ apiKey: key, baseURL });
  const reply = await client.chat.completions.create({ model, messages, stream });
  if (!stream) return reply.choices[0].message.content;
  let text = "";
  for await (const event of reply) text += event.choices[0]?.delta?.content ?? "";
  return text;
}

async function anthropic() {
  const client = new Anthropic({ authToken: key, apiKey: null, baseURL });
  // At temperature 0 the tiny model says the same each time (tiny_model.py).
  const asked = { model, messages, max_tokens: 8, temperature: 0 };
  const reply = stream
    ? await client.messages.stream(asked).finalMessage()
    : await client.messages.create(asked);
  return `stopped: ${reply.stop_reason}`;
}

try {
  console.log(JSON.stringify({ text: await { openai, anthropic }[vendor]() }));
} catch (error) {
  console.log(JSON.stringify({ error: error.constructor.name, status: error.status, message: error.message }));
}
