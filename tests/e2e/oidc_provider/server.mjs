// A real OpenID provider for the end-to-end tests: `node server.mjs PORT [LOGOUT]`.
//
// Whoever signs out of `cli` is told of at the URL LOGOUT (OpenID Connect Back-Channel Logout).
// It prints one JSON line when it is ready and serves loopback only. Each user is a client that gets tokens through
// client_credentials; `resource` chooses what is issued:
//   urn:narrows         a JWT for the audience `narrows`, signed with ES256
//   urn:narrows:rs256   the same, signed with RS256
//   urn:narrows:opaque  an opaque token for the audience `narrows`; POST /token/introspection knows it
//   urn:other           a JWT for the audience `other`
// People sign in with the public client `cli`, by browser (any password will do) or by device code.
// POST /rotate replaces the signing keys; with ?keep=1 the old ones stay published.

import { createServer } from "node:http";
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { Provider } from "oidc-provider";

const port = Number(process.argv[2]);
const logout = process.argv[3];
const issuer = `http://127.0.0.1:${port}`;
const users = {
  alice: { groups: ["research"], department: "lab" },
  bob: { groups: ["support"], department: "desk" },
  carol: { groups: ["platform", "research"], department: "ops" },
};
const resources = {
  "urn:narrows": { audience: "narrows", accessTokenFormat: "jwt", jwt: { sign: { alg: "ES256" } } },
  "urn:narrows:rs256": { audience: "narrows", accessTokenFormat: "jwt", jwt: { sign: { alg: "RS256" } } },
  "urn:narrows:opaque": { audience: "narrows", accessTokenFormat: "opaque" },
  "urn:other": { audience: "other", accessTokenFormat: "jwt", jwt: { sign: { alg: "ES256" } } },
};

function newKeys() {
  const pairs = {
    ES256: generateKeyPairSync("ec", { namedCurve: "P-256" }),
    RS256: generateKeyPairSync("rsa", { modulusLength: 2048 }),
  };
  return Object.entries(pairs).map(([alg, pair]) => ({
    ...pair.privateKey.export({ format: "jwk" }),
    alg,
    use: "sig",
    kid: randomUUID(),
  }));
}

function client(id, secret) {
  return {
    client_id: id,
    client_secret: secret,
    grant_types: ["client_credentials"],
    redirect_uris: [],
    response_types: [],
    token_endpoint_auth_method: "client_secret_basic",
  };
}

// As `narrows login` uses it: no secret, a loopback redirect at any port (RFC 8252), refresh tokens that rotate.
const cli = {
  client_id: "cli",
  application_type: "native",
  grant_types: ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
  redirect_uris: ["http://127.0.0.1/callback"],
  response_types: ["code"],
  token_endpoint_auth_method: "none",
  ...(logout ? { backchannel_logout_uri: logout, backchannel_logout_session_required: true } : {}),
};

function provider(keys) {
  return new Provider(issuer, {
    jwks: { keys },
    clients: [...Object.keys(users).map((name) => client(name, `${name}-secret`)), client("gate", "gate-secret"), cli],
    scopes: ["openid", "offline_access", "infer"],
    findAccount: (_ctx, id) => id in users ? { accountId: id, claims: () => ({ sub: id, ...users[id] }) } : undefined,
    features: {
      devInteractions: { enabled: true },
      deviceFlow: { enabled: true },
      backchannelLogout: { enabled: Boolean(logout) },
      clientCredentials: { enabled: true },
      introspection: { enabled: true, allowedPolicy: (_ctx, asking) => asking.clientId === "gate" },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_ctx, resource) => ({ scope: "infer", accessTokenTTL: 600, ...resources[resource] }),
      },
    },
    // A client_credentials token says nothing of a subject when it is introspected; here the client is the user.
    extraTokenClaims: (_ctx, token) => ({
      ...users[token.accountId ?? token.clientId],
      ...(token.resourceServer?.accessTokenFormat === "opaque" ? { sub: token.accountId ?? token.clientId } : {}),
    }),
    // It refuses to tell anybody at a loopback address, where these tests are, unless its dispatcher is left out.
    fetch: (url, { dispatcher, ...options }) => globalThis.fetch(url, options),
    rotateRefreshToken: true,
    ttl: { AccessToken: 600, ClientCredentials: 600, IdToken: 600, RefreshToken: 86400, DeviceCode: 600 },
  }).callback();
}

let keys = newKeys();
let serve = provider(keys);

createServer((request, response) => {
  const url = new URL(request.url, issuer);
  if (request.method === "POST" && url.pathname === "/rotate") {
    const fresh = newKeys();
    keys = url.searchParams.has("keep") ? [...fresh, ...keys] : fresh;
    serve = provider(keys);
    response.end(JSON.stringify({ kids: keys.map((key) => key.kid) }));
  } else {
    serve(request, response);
  }
}).listen(port, "127.0.0.1", () => {
  console.log(JSON.stringify({ ready: true, issuer, users: Object.keys(users) }));
});
