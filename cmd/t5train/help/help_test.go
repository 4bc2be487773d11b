package help

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

func command(name string, subs ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: name, Short: "Do " + name, Run: func(*cobra.Command, []string) {}}
	c.AddCommand(subs...)
	return c
}

func TestUsage(t *testing.T) {
	tune := command("finetune")
	for _, name := range []string{"zeal", "beams", "threads", "top-k", "seed", "model", "prefix", "labels", "keep",
		"top"} {
		tune.Flags().String(name, "", "set "+name)
	}
	tune.Flags().String("old", "", "another name")
	tune.Flags().MarkHidden("old")
	few := command("convert")
	few.Flags().String("seed", "", "set seed")
	few.Flags().String("model", "", "set model")
	root := command("t5train", few, tune, command("serve"), command("fly"))
	root.PersistentFlags().String("log", "", "set log")
	root.PersistentFlags().Bool("quiet", false, "set quiet")
	Group(root)
	for _, c := range []struct {
		of   *cobra.Command
		want string // in this order
	}{
		{root, "Usage: t5train COMMAND|Train:|finetune|Use:|serve|Convert:|convert|Other:|fly|Flags:|" +
			"--log|COMMAND --help"},
		{tune, "t5train finetune|Flags:|--model|--zeal|Task and columns:|--labels|--prefix|--keep|--top |Generation:|" +
			"--beams|--top-k|Running:|--threads|--seed|--log|--help"},
		{few, "t5train convert|Flags:|--model|--seed|--log|--help"},
	} {
		text := strings.Join(strings.Fields(c.of.UsageString()), " ")
		rest := text
		for _, part := range strings.Split(c.want, "|") {
			var found bool
			if _, rest, found = strings.Cut(rest, part); !found {
				t.Errorf("%s: no %q where it should be: %s", c.of.Name(), part, text)
				break
			}
		}
		if strings.Contains(text, "--old") {
			t.Errorf("%s: shows a hidden flag", c.of.Name())
		}
	}
	if text := few.UsageString(); strings.Contains(text, "Running:") {
		t.Errorf("few flags in groups: %s", text)
	}
}
