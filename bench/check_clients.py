#!/usr/bin/env python3
"""Ask t5train serve with the clients that people have: OpenAI's and Hugging Face's, and LibreTranslate's.

  pip install openai huggingface_hub libretranslatepy openapi-spec-validator
  npm install --prefix FOLDER openai
  bench/check_clients.py T5TRAIN_BINARY [MODEL [FOLDER]]

MODEL is any folder or name that t5train opens, builtin:en-tiny by default. Three servers run on this machine: one for texts,
one that is told to translate from English to German, and one with keys and TLS. Texts, at once and as streams, must be those
of `t5train predict`, and vectors those of `t5train embed`; errors must arrive as the clients' own exceptions, and streams
token by token. With FOLDER, in which npm has installed openai, node asks too. /openapi.json goes through a validator.
"""
import asyncio, contextlib, http.client, json, os, pathlib, re, subprocess, sys, tempfile, time, urllib.error

import huggingface_hub, libretranslatepy, openai, openapi_spec_validator
from huggingface_hub import AsyncInferenceClient, InferenceClient
from libretranslatepy import LibreTranslateAPI

TEXTS = ["The <extra_id_0> sat on the <extra_id_1>.", "That is good, and we like it.", "Hello world", "Grüße an Ann; 3 < 4 & \"so on\""]
KEY = "a-key-of-the-test-0123456789"
TOKENS = 24

passed = 0


def same(what, got, want):
    global passed
    if got != want:
        sys.exit(f"{what}: got {got!r}, want {want!r}")
    passed += 1


def true(what, holds):
    same(what, bool(holds), True)


@contextlib.contextmanager
def raises(what, kind, **attributes):
    try:
        yield
    except kind as err:
        for name, want in attributes.items():
            same(f"{what}: {name}", getattr(err, name), want)
        return
    sys.exit(f"{what}: no {kind.__name__}")


def run(binary, *arguments):
    out = subprocess.run([binary, *map(str, arguments)], capture_output=True, text=True)
    if out.returncode != 0:
        sys.exit(f"{arguments}: {out.stderr}")
    return [json.loads(line) for line in out.stdout.splitlines()]


@contextlib.contextmanager
def server(binary, *arguments):
    """A server at a free port; its URL."""
    with subprocess.Popen([binary, "serve", "--address", "127.0.0.1:0", *map(str, arguments)], stderr=subprocess.PIPE, text=True) as process:
        said = ""
        for line in process.stderr:
            said += line
            if found := re.match(r"serve: (https?://\S+)", line):
                break
        else:
            sys.exit(f"the server does not start: {said}")
        log = tempfile.TemporaryFile("w+")
        reader = subprocess.Popen(["cat"], stdin=process.stderr, stdout=log)  # so that it never waits for us
        try:
            yield found[1]
        finally:
            process.terminate()
            same("status of the server", process.wait(), 0)
            reader.wait()
            log.seek(0)
            true("no key in the log", KEY not in log.read())


def check_openai(url, name, outputs, vectors):
    client = openai.OpenAI(base_url=url + "/v1", api_key="none", max_retries=0)
    same("models", [m.id for m in client.models.list()], [name])
    same("model by name", client.models.retrieve(name).object, "model")
    for text, want in zip(TEXTS, outputs):
        c = client.completions.create(model=name, prompt=text, max_tokens=TOKENS, temperature=0)
        same("completion", c.choices[0].text, want)
        true("finish reason", c.choices[0].finish_reason in ("stop", "length"))
        same("usage", c.usage.total_tokens, c.usage.prompt_tokens + c.usage.completion_tokens)
        events = list(client.completions.create(model=name, prompt=text, max_tokens=TOKENS, stream=True, stream_options={"include_usage": True}))
        same("stream", "".join(e.choices[0].text for e in events if e.choices), want)
        same("usage of the stream", events[-1].usage, c.usage)
        messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "first"},
                    {"role": "assistant", "content": "yes"}, {"role": "user", "content": [{"type": "text", "text": text}]}]
        chat = client.chat.completions.create(model=name, messages=messages, max_completion_tokens=TOKENS)
        same("chat", (chat.choices[0].message.role, chat.choices[0].message.content), ("assistant", want))
        chunks = list(client.chat.completions.create(model=name, messages=messages, max_tokens=TOKENS, stream=True))
        same("stream of a chat", "".join(e.choices[0].delta.content or "" for e in chunks), want)
        same("role of a stream", chunks[0].choices[0].delta.role, "assistant")
    many = client.completions.create(model=name, prompt=TEXTS, max_tokens=TOKENS)
    same("completions of a list", [c.text for c in many.choices], outputs)
    sampled = [client.completions.create(model=name, prompt=TEXTS[1], max_tokens=TOKENS, temperature=1.5, n=3, seed=5).choices for _ in range(2)]
    same("samples with a seed", *[sorted(c.text for c in choices) for choices in sampled])
    same("samples", len(sampled[0]), 3)
    beams = client.completions.create(model=name, prompt=TEXTS[1], max_tokens=TOKENS, n=2, extra_body={"num_beams": 4})
    same("beams", len(beams.choices), 2)
    long = client.completions.create(model=name, prompt=TEXTS[1], max_tokens=8, extra_body={"min_new_tokens": 8})
    same("a limit", (long.choices[0].finish_reason, long.usage.completion_tokens), ("length", 8))
    for got in (client.embeddings.create(model=name, input=TEXTS), client.embeddings.create(model=name, input=TEXTS, encoding_format="float")):
        for e, want in zip(got.data, vectors):
            true("vectors", len(e.embedding) == len(want) and max(abs(a - b) for a, b in zip(e.embedding, want)) < 1e-5)
    with raises("another model", openai.NotFoundError, code="model_not_found", status_code=404):
        client.completions.create(model="gpt-4", prompt="a")
    with raises("a wrong option", openai.BadRequestError, code="invalid_request"):
        client.completions.create(model=name, prompt="a", temperature=3)
    with raises("an option that cannot be heeded", openai.BadRequestError, param="logprobs"):
        client.chat.completions.create(model=name, messages=[{"role": "user", "content": "a"}], logprobs=True)
    with raises("a text that is too long", openai.BadRequestError, code="context_length_exceeded"):
        client.completions.create(model=name, prompt="word " * 2000)
    with client.completions.create(model=name, prompt=TEXTS[0], max_tokens=64, stream=True) as stream:
        next(iter(stream))  # and go

    async def together():
        many = openai.AsyncOpenAI(base_url=url + "/v1", api_key="none")
        answers = await asyncio.gather(*[many.completions.create(model=name, prompt=t, max_tokens=TOKENS) for t in TEXTS * 8])
        same("requests at the same time", [a.choices[0].text for a in answers], outputs * 8)

    asyncio.run(together())


def check_huggingface(url, outputs, vectors):
    client = InferenceClient(url)
    watching = InferenceClient(url, provider="hf-inference")
    true("health", watching.health_check())
    info = watching.get_endpoint_info()
    true("info", info["model_pipeline_tag"] == "text2text-generation" and info["max_input_tokens"] > 0)
    for text, want in zip(TEXTS, outputs):
        same("text_generation", client.text_generation(text, max_new_tokens=TOKENS), want)
        d = client.text_generation(text, max_new_tokens=TOKENS, details=True)
        same("details", (d.generated_text, d.details.generated_tokens), (want, len(d.details.tokens)))
        events = list(client.text_generation(text, max_new_tokens=TOKENS, stream=True, details=True))
        same("stream", "".join(e.token.text for e in events if not e.token.special), want)
        same("its last event", (events[-1].generated_text, events[-1].details.generated_tokens), (want, len(events)))
        same("its tokens", [(e.token.id, e.token.text) for e in events], [(t.id, t.text) for t in d.details.tokens])
        chat = client.chat_completion([{"role": "user", "content": text}], max_tokens=TOKENS)
        same("chat_completion", chat.choices[0].message.content, want)
        chunks = list(client.chat_completion([{"role": "user", "content": text}], max_tokens=TOKENS, stream=True))
        same("stream of a chat", "".join(c.choices[0].delta.content or "" for c in chunks), want)
        same("summarization", client.summarization(text, generate_parameters={"max_new_tokens": TOKENS}).summary_text, want)
    for got in (client.feature_extraction(TEXTS, model=url + "/embed"), [client.feature_extraction(t, model=url + "/embed")[0] for t in TEXTS]):
        true("feature_extraction", all(abs(a - b) < 1e-5 for row, want in zip(got, vectors) for a, b in zip(row, want)) and len(got) == len(vectors))
    unit = client.feature_extraction(TEXTS[0], model=url + "/embed", normalize=True)
    true("feature_extraction of length 1", abs((unit**2).sum() - 1) < 1e-5)
    sampled = [client.text_generation(TEXTS[1], max_new_tokens=TOKENS, do_sample=True, temperature=1.5, top_k=50, top_p=0.9, seed=7) for _ in range(2)]
    same("samples with a seed", *sampled)
    best = client.text_generation(TEXTS[1], max_new_tokens=TOKENS, do_sample=True, best_of=3, details=True)
    same("best_of", len(best.details.best_of_sequences), 2)
    stopped = client.text_generation(TEXTS[1], max_new_tokens=TOKENS, stop=[outputs[1][2:4]], details=True)
    same("stop", (stopped.generated_text, stopped.details.finish_reason), (outputs[1][: outputs[1].index(outputs[1][2:4]) + 2], "stop_sequence"))
    for stream in (False, True):
        with raises("a text that is too long", huggingface_hub.errors.ValidationError):
            list(client.text_generation("word " * 2000, stream=stream))
    with raises("an option that cannot be heeded", huggingface_hub.errors.ValidationError):
        client.text_generation("a", watermark=True)

    async def together():
        answers = await asyncio.gather(*[AsyncInferenceClient(url).text_generation(t, max_new_tokens=TOKENS) for t in TEXTS * 4])
        same("requests at the same time", answers, outputs * 4)

    asyncio.run(together())


def check_translation(url, outputs):
    hugging = InferenceClient(url)
    for text, want in zip(TEXTS, outputs):
        same("translation", hugging.translation(text).translation_text, want)
    same("translation of languages", hugging.translation(TEXTS[0], src_lang="en", tgt_lang="de").translation_text, outputs[0])
    with raises("translation of another language", huggingface_hub.errors.HfHubHTTPError):
        hugging.translation(TEXTS[0], src_lang="fr", tgt_lang="de")
    client = LibreTranslateAPI(url)
    same("languages", [(l["code"], l["name"]) for l in client.languages()], [("en", "English"), ("de", "German")])
    for text, want in zip(TEXTS, outputs):
        same("translate", client.translate(text, "en", "de"), want)
        same("translate from any language", client.translate(text, "auto", "de"), want)
    same("lines", client.translate("\n\n".join(TEXTS), "en", "de"), "\n\n".join(outputs))
    with raises("detect", urllib.error.HTTPError, code=501):
        client.detect("a")
    with raises("another language", urllib.error.HTTPError, code=400):
        client.translate("a", "fr", "de")


def check_bytes(url, outputs):
    """Bodies in chunks, and streams that arrive token by token."""
    body = json.dumps({"inputs": TEXTS[1], "parameters": {"max_new_tokens": 200, "min_new_tokens": 200}}).encode()
    connection = http.client.HTTPConnection(url.removeprefix("http://"))
    connection.request("POST", "/generate_stream", iter([body[:10], body[10:]]), {"Content-Type": "application/json"}, encode_chunked=True)
    answer, begun = connection.getresponse(), time.monotonic()
    times = []
    for line in answer:
        if line.startswith(b"data:"):
            times.append(time.monotonic() - begun)
    same("events of a body in chunks", len(times), 200)
    true("events come one by one", times[100] < 0.8 * times[-1] and times[20] < 0.4 * times[-1])
    for kind, want in (("plain/text", 415), ("application/json", 400)):
        connection.request("POST", "/generate", iter([b"{"]), {"Content-Type": kind}, encode_chunked=True)
        answer = connection.getresponse()
        answer.read()
        same("a body that is wrong", answer.status, want)
    connection.request("GET", "/openapi.json")
    description = json.loads(connection.getresponse().read())
    openapi_spec_validator.validate(description)
    true("paths are described", {"/v1/chat/completions", "/generate", "/translate", "/v1/generate"} <= set(description["paths"]))


NODE = """
const OpenAI = require('openai').OpenAI;
const [url, name, tokens, texts, key] = [process.argv[2], process.argv[3], +process.argv[4], JSON.parse(process.argv[5]), process.argv[6]];
const client = new OpenAI({ baseURL: url + '/v1', apiKey: key, maxRetries: 0 });
(async () => {
  const answer = { models: [], texts: [], streams: [], chats: [] };
  for await (const m of client.models.list()) answer.models.push(m.id);
  for (const text of texts) {
    const options = { model: name, prompt: text, max_tokens: tokens };
    answer.texts.push((await client.completions.create(options)).choices[0].text);
    let all = '';
    for await (const event of await client.completions.create({ ...options, stream: true })) all += event.choices[0].text;
    answer.streams.push(all);
    all = '';
    const messages = [{ role: 'user', content: text }];
    for await (const event of await client.chat.completions.create({ model: name, messages, max_completion_tokens: tokens, stream: true })) all += event.choices[0].delta.content ?? '';
    answer.chats.push(all);
  }
  answer.vectors = (await client.embeddings.create({ model: name, input: texts })).data.map((d) => Array.from(d.embedding));
  try { await client.completions.create({ model: 'gpt-4', prompt: 'a' }); } catch (err) { answer.refused = [err.status, err.code]; }
  console.log(JSON.stringify(answer));
})();
"""


def check_node(folder, url, name, outputs, vectors, key="none", **environment):
    out = subprocess.run(["node", "-", url, name, str(TOKENS), json.dumps(TEXTS), key], input=NODE, capture_output=True, text=True,
                         cwd=folder, env={**os.environ, **environment})
    if out.returncode != 0:
        sys.exit(f"node: {out.stderr}")
    got = json.loads(out.stdout)
    same("node: models", got["models"], [name])
    for kind in ("texts", "streams", "chats"):
        same("node: " + kind, got[kind], outputs)
    for a, b in zip(got["vectors"], vectors):
        true("node: vectors", max(abs(x - y) for x, y in zip(a, b)) < 1e-5)
    same("node: another model", got["refused"], [404, "model_not_found"])


def check_keys(folder, url, certificate, name, outputs, vectors, node):
    """The same clients with a key, over TLS."""
    os.environ["SSL_CERT_FILE"] = str(certificate)  # what Python's own client reads
    try:
        import httpx2 as httpx  # that of openai and huggingface_hub
    except ImportError:
        import httpx
    for key, kind in ((KEY, None), ("a-wrong-key-0123456789", openai.AuthenticationError)):
        client = openai.OpenAI(base_url=url + "/v1", api_key=key, max_retries=0, http_client=httpx.Client(verify=str(certificate)))
        with raises("a wrong key", kind) if kind else contextlib.nullcontext():
            same("completion with a key", client.completions.create(model=name, prompt=TEXTS[1], max_tokens=TOKENS).choices[0].text, outputs[1])
    huggingface_hub.set_client_factory(lambda: httpx.Client(verify=str(certificate)))
    same("text_generation with a key", InferenceClient(url, token=KEY).text_generation(TEXTS[1], max_new_tokens=TOKENS), outputs[1])
    with raises("text_generation with a wrong key", huggingface_hub.errors.ValidationError):
        InferenceClient(url, token="hf_wrong").text_generation("a")
    with raises("translate with a wrong key", urllib.error.HTTPError, code=403):
        LibreTranslateAPI(url, "wrong").translate("a", "en", "de")
    with raises("translate with a key, by what does not translate", urllib.error.HTTPError, code=404):
        LibreTranslateAPI(url, KEY).translate("a", "en", "de")
    if node:
        check_node(node, url, name, outputs, vectors, KEY, NODE_EXTRA_CA_CERTS=str(certificate))


def main(binary, model="builtin:en-tiny", node=None):
    ask = [binary, "predict", "--model", model, "--max-output-length", TOKENS, *[x for t in TEXTS for x in ("--text", t)]]
    outputs = [line["output"] for line in run(*ask, "--task", "seq2seq")]
    pair = ["--task", "translation", "--source-lang", "en", "--target-lang", "de"]
    vectors = [line["embedding"] for line in run(binary, "embed", "--model", model, *[x for t in TEXTS for x in ("--text", t)])]
    name = pathlib.Path(model).name
    with server(binary, "--model", model, "--task", "seq2seq") as url:
        check_openai(url, name, outputs, vectors)
        check_huggingface(url, outputs, vectors)
        check_bytes(url, outputs)
        if node:
            check_node(node, url, name, outputs, vectors)
    with server(binary, "--model", model, *pair) as url:
        limit = int(json.loads(http_get(url + "/v1/model"))["limits"]["default_max_new_tokens"])
        ask[ask.index("--max-output-length") + 1] = limit
        check_translation(url, [line["output"] for line in run(*ask, *pair)])
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        certificate, private, keys = folder / "cert.pem", folder / "key.pem", folder / "keys.txt"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
                        "subjectAltName=IP:127.0.0.1", "-out", certificate, "-keyout", private], check=True, capture_output=True)
        keys.write_text(f"# the test\n{KEY}\n")
        keys.chmod(0o600)
        with server(binary, "--model", model, "--task", "seq2seq", "--api-key-file", keys, "--tls-cert", certificate, "--tls-key", private) as url:
            check_keys(folder, url, certificate, name, outputs, vectors, node)
    print(f"{passed} checks hold: openai {openai.__version__}, huggingface_hub {huggingface_hub.__version__}, libretranslatepy" +
          (", openai of npm" if node else ""))


def http_get(url):
    connection = http.client.HTTPConnection(url.removeprefix("http://").split("/")[0])
    connection.request("GET", "/" + url.removeprefix("http://").split("/", 1)[1])
    return connection.getresponse().read()


if __name__ == "__main__":
    main(*sys.argv[1:])
