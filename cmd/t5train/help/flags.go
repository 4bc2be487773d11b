package help

// flags are those of all commands, by what they are about, the common ones first.
var flags = []group{
	{"Flags", []string{
		"config", "set", "for", "model", "adapter", "size", "task", "objective", "component", "train", "validation",
		"test", "text", "target", "ids", "input", "label", "split", "dtype", "output", "epochs", "minutes", "trials",
		"steps", "learning-rate", "batch-size", "precision", "type", "vocab-size", "address", "watch", "plots", "nodes",
		"cores", "bandwidth", "revision", "endpoint", "prompt-template",
		"teacher", "targets", "soft-weight", "soft-temperature", "teacher-outputs",
		"from", "certificate", "against",
	}},
	{"Task and columns", []string{
		"text-column", "label-column", "target-column", "column", "token-column", "tag-column", "labels", "prefix",
		"template", "target-template", "source-lang", "target-lang", "metrics", "keep", "top", "normalize", "per-token",
		"columns", "types", "group", "stratify", "min-confidence",
	}},
	{"Generation", []string{
		"beams", "length-penalty", "alpha", "early-stopping", "return-sequences", "sample", "temperature", "top-k",
		"top-p", "min-p", "typical-p", "epsilon", "eta", "choices", "output-prefix", "bad-words", "min-output-length",
		"no-repeat-ngram", "repetition-penalty", "min-confidence",
	}},
	{"Lengths and tokens", []string{
		"input-length", "max-input-length", "max-target-length", "max-output-length", "tokenizer", "tokens", "special",
		"pieces", "eos", "skip-special",
	}},
	{"Vocabulary", []string{
		"character-coverage", "normalization", "byte-fallback", "control-symbols", "user-symbols", "extra-ids",
		"split-by-unicode-script", "split-by-number", "split-by-whitespace", "split-digits", "max-piece-length",
		"hard-vocab-limit", "sample-lines", "max-text", "max-line-bytes", "seed-pieces", "shrinking-factor",
		"sub-iterations",
	}},
	{"Files", []string{
		"input-format", "output-format", "format", "delimiter", "no-header", "no-quotes", "drop", "skip-bad-lines",
		"max-shard-size", "average", "trim", "min-shared-length", "max-shared", "fix-encoding", "json",
		"examples", "max-examples", "show", "batches", "held-out", "smoothing", "log-scales",
	}},
	{"Who may ask", []string{"host", "api-key-file", "tls-cert", "tls-key"}},
	{"Limits", []string{
		"timeout", "grace", "queue", "workers", "batch-tokens", "max-inputs", "max-beams", "max-body",
		"max-connections", "parallel", "retries", "max-requests", "max-time", "completions",
	}},
	{"Model to measure", []string{
		"d-model", "d-kv", "d-ff", "heads", "layers", "ff", "tied", "vocab", "batch", "enc", "dec", "gen-batch",
		"gen-enc", "new-tokens", "optimizer", "dropout", "recompute", "warmup", "measured-steps",
		"model-steps",
	}},
	{"Running", []string{
		"resume", "extend", "overwrite", "save-initial", "no-verify", "threads", "seed", "distributed",
		"rank-timeout", "log",
		"quiet", "version", "help",
	}},
}
