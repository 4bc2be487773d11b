package house

import (
	"slices"
	"strings"
	"testing"
)

// layers are the packages, from the command down to the kernels. A package imports packages of lower layers only; those
// under internal/ that stand in no layer are open to all and import each other only. A new package needs a place here.
var layers = [][]string{
	{"cmd/t5train", "examples/classify", "examples/generate", "examples/server", "examples/train"},
	{"cmd/t5train/help", "cmd/t5train/next", "cmd/t5train/values"},
	{"trainer/sweep/page"},
	{"trainer/bench", "trainer/report", "trainer/sweep", "trainer/verify", "internal/ui/terminal"},
	{"trainer", "trainer/serve", "trainer/report/scale"},
	{"trainer/card", "trainer/setup", "trainer/speed"},
	{"trainer/evaluate", "trainer/embed", "trainer/label", "trainer/serve/adapters"},
	{"trainer/serve/libretranslate", "trainer/serve/openai", "trainer/serve/openapi", "trainer/serve/progress",
		"trainer/serve/tgi"},
	{"trainer/serve/protocol"},
	{"trainer/serve/inputs"},
	{"trainer/serve/access", "trainer/serve/metrics", "trainer/serve/request", "trainer/serve/wire"},
	{"trainer/metric/texts", "trainer/predict", "trainer/runlog", "trainer/bench/plan",
		"data/inspect", "configs", "checkpoints/trim"},
	{"trainer/allreduce", "trainer/distill", "trainer/metric", "trainer/optim", "trainer/predict/inputfile"},
	{"checkpoints/convert", "data/corpus"},

	{"data/dataset", "data/tokenizer/vocabulary", "data/tokenizer/usage", "data/tokenizer/compare"},
	{"checkpoints", "data/importer"},
	{"checkpoints/pytorch", "checkpoints/peft", "checkpoints/pull", "data/remote"},
	{"checkpoints/hub/client", "checkpoints/gguf"},
	{"checkpoints/builtin", "configs/suit", "checkpoints/hub", "checkpoints/safetensors", "data", "data/chunks"},
	{"data/task/infer"},
	{"data/objective", "data/task", "model/generate"},

	{"model", "data/tokenizer", "data/parquetio"},
	{"data/parquetio/page"},
	{"data/table", "data/task/language", "data/task/words", "data/tokenizer/internal/hf",
		"data/tokenizer/internal/segment", "data/tokenizer/normalize"},
	{"data/tokenizer/internal/spiece", "data/tokenizer/internal/trie"},
	{"model/modules", "model/op"},
	{"model/kernel/xent"},
	{"model/kernel"},
	{"model/kernel/bfloat16", "model/kernel/pages", "model/kernel/pool", "model/kernel/portable"},
}

// readers are packages that few may import: what says how a person uses the program is nothing for a library.
var readers = map[string][]string{
	"configs":                {"cmd/", "trainer"},
	"github.com/spf13/cobra": {"cmd/"},
	"github.com/spf13/pflag": {"cmd/"},
	"github.com/spf13/viper": {"cmd/", "configs"},
	"gorgonia.org/gorgonia":  {"model"},
	"data/parquetio/page":    {"data/parquetio"},
	"internal/golden":        nil,
	"internal/testdir":       {"internal/testrun"},
	"internal/ui/terminal":   {"cmd/"},
	"internal/testrun":       nil,
	"testing":                {"internal/golden", "internal/test", "internal/screen"},
}

// helpers are for tests only; they may import what they prepare.
var helpers = []string{"internal/golden", "internal/screen", "internal/testdir", "internal/testrun"}

func TestImports(t *testing.T) {
	prefix := module(t) + "/"
	level := map[string]int{}
	for n, layer := range layers {
		for _, p := range layer {
			level[p] = n
		}
	}
	seen := map[string]bool{}
	for _, s := range all(t) {
		seen[s.folder] = true
		if s.test || slices.Contains(helpers, s.folder) {
			continue
		}
		for _, i := range s.imports {
			imported, ours := strings.CutPrefix(i, prefix)
			who, limited := readers[imported]
			may := func(p string) bool { return strings.HasPrefix(s.folder, p) }
			if limited && !slices.ContainsFunc(who, may) {
				t.Errorf("%s imports %s, which only these may: %q", s.name, imported, who)
			}
			from, known := level[s.folder]
			to, layered := level[imported]
			switch {
			case !ours || (!layered && strings.HasPrefix(imported, "internal/")):
			case !known:
				t.Errorf("%s imports %s: give package %s its place in layers", s.name, imported, s.folder)
			case !layered:
				t.Errorf("%s imports %s: give that package its place in layers", s.name, imported)
			case to <= from:
				t.Errorf("%s imports %s, which is not below %s", s.name, imported, s.folder)
			}
		}
	}
	for p := range level {
		if !seen[p] {
			t.Errorf("layers name %s, which is no package", p)
		}
	}
}
