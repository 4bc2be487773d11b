package configs

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the page that is generated")

// TestDocsOfKeys holds docs/configuration.md to the keys: go test ./configs -run Docs -update
func TestDocsOfKeys(t *testing.T) {
	page := filepath.Join("..", "docs", "configuration.md")
	want := document(t)
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if have, err := os.ReadFile(page); err != nil || string(have) != want {
		t.Errorf("docs/configuration.md is not of these keys (%v): go test ./configs -run Docs -update", err)
	}
}

const intro = `# Configuration

Every key, as ` + "`t5train config`" + ` lists them. A value comes from, in this order:

1. a flag (` + "`--epochs 3`" + `) or ` + "`--set train.epochs=3`" + `;
2. the environment (` + "`T5TRAIN_TRAIN_EPOCHS=3`" + `: the key in capitals, with underscores for points);
3. the file of ` + "`--config`" + `, YAML;
4. the default.

` + "`t5train check --config my.yaml`" + ` reports every mistake at once and writes nothing. The folder of a run has
the configuration that it ran with, all defaults filled in, as ` + "`config.yaml`" + `.

Presets, to be printed by ` + "`t5train config NAME`" + `:

`

// document writes the page: the presets, then a section for each section of the keys.
func document(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString(intro)
	for _, name := range Presets() {
		fmt.Fprintf(&b, "- [`%s`](../configs/%s.yaml)\n", name, name)
	}
	docs, last := parseDocs(), ""
	abouts := map[string]string{}
	for _, f := range fields() {
		if name, _, found := strings.Cut(f.path, "."); found && abouts[name] == "" {
			abouts[name] = docs.section(f)
		}
	}
	for _, k := range Keys() {
		section, _, found := strings.Cut(k.Path, ".")
		if !found {
			section = "run"
		}
		if section != last {
			fmt.Fprintf(&b, "\n## %s\n\n", section)
			if about := abouts[section]; about != "" {
				fmt.Fprintf(&b, "%s\n\n", markdown(about))
			}
			last = section
		}
		value := k.Default
		if k.Pretraining != "" {
			value += "`, for pre-training `" + k.Pretraining
		}
		fmt.Fprintf(&b, "- **`%s`** = `%s`; %s", k.Path, value, markdown(k.Want))
		if k.Use != "" {
			fmt.Fprintf(&b, "; %s only", k.Use)
		}
		fmt.Fprintf(&b, ".\n  %s\n", markdown(k.Doc))
	}
	return b.String()
}

// markdown keeps what Markdown would act on as it is.
func markdown(text string) string {
	return strings.NewReplacer("<", "&lt;", "*", `\*`, "_", `\_`, "[", `\[`, "|", `\|`).Replace(text)
}
