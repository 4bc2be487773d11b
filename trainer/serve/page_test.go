package serve

import (
	"os/exec"
	"strings"
	"testing"

	"t5train/trainer/serve/access"
)

// keyForm runs the script of the page with stand-ins for what a browser has: it tells whether the form for a key is
// hidden and what the page says, at the start and after each key.
const keyForm = `
const [url, ...keys] = process.argv.slice(2);
const seen = new Map();
function stub() {
  const own = { hidden: true, toString: () => "stub", listeners: {} };
  own.addEventListener = (type, f) => { own.listeners[type] = f; };
  return new Proxy(() => {}, {
    get: (_, name) => (name in own || typeof name === "symbol" ? own[name] : (own[name] = stub())),
    set: (_, name, value) => { own[name] = value; return true; },
    apply: () => stub(),
  });
}
function first(selector) {
  if (!seen.has(selector)) seen.set(selector, stub());
  return seen.get(selector);
}
globalThis.document = { title: "", querySelector: first, querySelectorAll: () => [], getElementById: () => null,
  createElement: stub };
globalThis.location = { hash: "", href: url };
globalThis.history = { replaceState() {} };
const send = fetch;
let open = 0; // requests
globalThis.fetch = async (path, options) => {
  open++;
  try {
    const answer = await send(url + "/" + path, options), body = await answer.json();
    return { ok: answer.ok, status: answer.status, json: () => body };
  } finally {
    open--;
  }
};
const settled = async () => {
  do await new Promise((done) => setTimeout(done, 10)); while (open > 0);
  await new Promise((done) => setTimeout(done, 10));
};
(async () => {
  require("vm").runInThisContext(await (await send(url + "/page.js")).text());
  const form = first("#key");
  const tell = () => console.log([form.hidden, first("#problem").hidden || first("#problem").textContent,
    document.title].join("|"));
  await settled();
  tell();
  for (const key of keys) {
    first("#key input").value = key;
    form.listeners.submit({ preventDefault() {} });
    await settled();
    tell();
  }
})();
`

// The page asks for a key where the server wants one, says when it is wrong, and goes on with one that is right.
func TestPageAsksForKey(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("no node")
	}
	page := func(o Options, keys ...string) string {
		_, h := start(t, o)
		c := exec.Command(node, append([]string{"-", h.URL}, keys...)...)
		c.Stdin = strings.NewReader(keyForm)
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return strings.TrimSpace(string(out))
	}
	for name, c := range map[string]struct {
		o    Options
		keys []string
		want string
	}{
		"open": {Options{Name: "first"}, nil, "true|true|first · t5train"},
		"keys": {Options{Name: "first", Keys: access.NewKeys("first-key")}, []string{"wrong", " first-key "},
			"false|true|\nfalse|" + errKey.Message + "|\ntrue|true|first · t5train"},
	} {
		if got := page(c.o, c.keys...); got != c.want {
			t.Errorf("%s: the page shows\n%s\nwant\n%s", name, got, c.want)
		}
	}
}
