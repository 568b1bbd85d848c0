// @ts-check
// How each SDK is pointed at this server. None of the official ones has a setting
// for the address, so most need the host api.engage.so sent here instead.

/** @typedef {{title: string, text: string}} Part */
/** @typedef {{id: string, name: string, how: string, parts: Part[], note?: string}} Snippet */

/** What stands for the private key, which is shown once and never again. */
export const PRIVATE = "PRIVATE_KEY";

/**
 * @param {string} base the address of this server, such as http://127.0.0.1:5484
 * @param {string} [pub] the public key
 * @returns {Snippet[]}
 */
export function snippets(base, pub = "PUBLIC_KEY") {
  const url = new URL(base);
  const tls = url.protocol === "https:";
  const port = url.port || (tls ? "443" : "80");
  const origin = url.origin;
  return [curl(origin, pub), node(url, port, tls, pub), browser(origin, pub), python(origin, pub), php(url, pub), java(origin, pub), go(origin, pub), mobile(url, pub)];
}

/** @param {string} origin @param {string} pub @returns {Snippet} */
function curl(origin, pub) {
  return {
    id: "curl", name: "curl", how: "Any HTTP client: the address, and both keys by Basic authentication.",
    parts: [{ title: "Track an event", text: `curl ${origin}/v1/users/u13345/events \\
  -u ${pub}:${PRIVATE} \\
  -H 'Content-Type: application/json' \\
  -d '{"event": "Purchased bandwidth", "value": 50}'` }, { title: "Identify a customer", text: `curl -X PUT ${origin}/v1/users/u13345 \\
  -u ${pub}:${PRIVATE} \\
  -H 'Content-Type: application/json' \\
  -d '{"first_name": "Ada", "email": "ada@example.com", "meta": {"plan": "Fibre 100"}}'` }],
  };
}

/** @param {URL} url @param {string} port @param {boolean} tls @param {string} pub @returns {Snippet} */
function node(url, port, tls, pub) {
  const open = tls
    ? `super.createConnection({ ...options, host: "${url.hostname}", port: ${port}, servername: "${url.hostname}" }, done)`
    : `net.connect(${port}, "${url.hostname}")`;
  const here = !tls && ["127.0.0.1", "localhost", "[::1]"].includes(url.hostname);
  return {
    id: "node", name: "Node", how: "The SDK always calls api.engage.so. A file loaded before it sends that host here; the code stays as it is.",
    parts: [
      ...(here ? [{ title: "In the terminal, where the kith program is: it brings the file", text: `NODE_OPTIONS="--require $(kith mock preload --listen ${url.hostname}:${port})" node app.js` }] : []),
      { title: here ? "Elsewhere: kith-redirect.js" : "kith-redirect.js", text: `${tls ? "" : 'const net = require("node:net");\n'}const https = require("node:https");

class ToKith extends https.Agent {
  createConnection(options, done) {
    if (options.host !== "api.engage.so") return super.createConnection(options, done);
    return ${open};
  }
}
https.globalAgent = new ToKith({ keepAlive: true });` },
      { title: "In the terminal", text: `npm install @engage_so/node
NODE_OPTIONS="--require ./kith-redirect.js" node app.js` },
      { title: "app.js", text: `const Engage = require("@engage_so/node");

Engage.init({ key: "${pub}", secret: "${PRIVATE}" });
Engage.identify({ id: "u13345", email: "ada@example.com" })
  .then(() => Engage.track("u13345", "Purchased bandwidth"))
  .then(console.log);` },
    ],
    note: tls ? "A proxy in front of this server must also take requests whose Host is api.engage.so." : undefined,
  };
}

/** @param {string} origin @param {string} pub @returns {Snippet} */
function browser(origin, pub) {
  return {
    id: "browser", name: "Browser", how: "The public key alone. Version 2 calls fetch: wrap it before the SDK loads.",
    parts: [
      { title: "kith-redirect.js, loaded before the SDK", text: `const send = window.fetch;
window.fetch = (resource, options) => {
  const asked = new URL(resource.url ?? resource, location.href);
  if (asked.host !== "api.engage.so") return send(resource, options);
  const here = "${origin}" + asked.pathname + asked.search;
  return send(resource instanceof Request ? new Request(here, resource) : here, options);
};` },
      { title: "On the page", text: `<script src="kith-redirect.js"></script>
<script>
  window.engage = window.engage || {};
  window.engage.queue = [
    ["init", "${pub}"],
    ["identify", { id: "u13345", email: "ada@example.com" }]
  ];
</script>` },
    ],
    note: "Versions 1.3 to 1.6 bring their own transport and do not see the wrapped fetch: for those, point api.engage.so at this server in the hosts file and give it a certificate the browser trusts. A page served over https can only reach a server over https, except on this machine.",
  };
}

/** @param {string} origin @param {string} pub @returns {Snippet} */
function python(origin, pub) {
  return {
    id: "python", name: "Python", how: "One line sets the address. It must stand before the first Engage(…) of the process.",
    parts: [{ title: "Python", text: `import engagesdk
engagesdk.API_URL = "${origin}/v1"

engage = engagesdk.Engage(api_key="${pub}", secret_key="${PRIVATE}")
engage.users.identify({"id": "u13345", "email": "ada@example.com"})
engage.users.track("u13345", {"event": "Purchased bandwidth", "value": 50})` }, { title: "In the terminal", text: "pip install engagesdk" }],
  };
}

/** @param {URL} url @param {string} pub @returns {Snippet} */
function php(url, pub) {
  const address = /^[\d.]+$/.test(url.hostname) ? url.hostname : "127.0.0.1";
  return {
    id: "php", name: "PHP", how: "The SDK always calls https://api.engage.so on port 443. Its HTTP client can be told where that host is.",
    parts: [{ title: "PHP", text: `use Symfony\\Component\\HttpClient\\HttpClient;

$engage = new \\Engage\\EngageClient("${pub}", "${PRIVATE}");
$users = $engage->users;   // keep it: each ->users is a new object
$users->setClient(HttpClient::create([
    "resolve" => ["api.engage.so" => "${address}"],
    "cafile" => "/path/to/ca.pem",
]));
$users->identify(["id" => "u13345", "email" => "ada@example.com"]);
$users->track("u13345", ["event" => "Purchased bandwidth", "value" => 50]);` }, { title: "In the terminal", text: "composer require engageso/engage-php" }],
    note: "This server must answer TLS on port 443 of that address, with a certificate for api.engage.so from the authority in ca.pem. Or put the address in the hosts file and name the authority in openssl.cafile of php.ini.",
  };
}

/** @param {string} origin @param {string} pub @returns {Snippet} */
function java(origin, pub) {
  return {
    id: "java", name: "Java", how: "The SDK sends through Unirest, whose default address can be changed once the client is made.",
    parts: [{ title: "Java", text: `EngageClient client = new EngageClient("${pub}", "${PRIVATE}");
UserResource users = new UserResource(client);
Unirest.config().defaultBaseUrl("${origin}");   // after UserResource, which sets its own

users.identify(new HashMap<>(Map.of("id", "u13345", "email", "ada@example.com")));
users.track("u13345", "Purchased bandwidth");` }],
    note: "Read from the SDK's source (1.1) and not run. Should it call api.engage.so all the same, use the hosts file and a certificate in the JVM's trust store.",
  };
}

/** @param {string} origin @param {string} pub @returns {Snippet} */
function go(origin, pub) {
  return {
    id: "go", name: "Go", how: "There is no official SDK for Go; goengage has the address as a field.",
    parts: [{ title: "Go", text: `cfg := goengage.NewConfig().WithCredentials(
	goengage.NewStaticCredentials("${pub}", "${PRIVATE}"))
client, err := goengage.New(cfg)
if err != nil {
	log.Fatal(err)
}
client.BaseUrl = "${origin}/v1"

users, err := client.Users.List(&goengage.PaginatorInput{Limit: goengage.Int(10)})` }, { title: "In the terminal", text: "go get github.com/heroshe/goengage" }],
  };
}

/** @param {URL} url @param {string} pub @returns {Snippet} */
function mobile(url, pub) {
  const address = /^[\d.]+$/.test(url.hostname) && !url.hostname.startsWith("127.") ? url.hostname : "192.0.2.10";
  return {
    id: "mobile", name: "Flutter, iOS, Android", how: "The public key alone. These SDKs cannot be told an address: the device must find api.engage.so here.",
    parts: [
      { title: "In the DNS that the device uses", text: `${address}  api.engage.so` },
      { title: "Flutter", text: `await Engage.init('${pub}');
Engage.identify('u13345', {'email': 'ada@example.com'});
Engage.trackEvents('u13345', 'Purchased bandwidth', 50);` },
    ],
    note: "The server must answer TLS on port 443 with a certificate for api.engage.so that the device trusts (Android: a user authority needs a network_security_config; iOS: the profile must be trusted in Settings). Not run by us on a device.",
  };
}
