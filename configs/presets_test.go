package configs

import (
	"os"
	"slices"
	"strings"
	"testing"

	"t5train/data/task"
)

func TestPresets(t *testing.T) {
	names := Presets()
	if !slices.Contains(names, "quickstart") || !slices.Contains(names, "finetune-classification") {
		t.Errorf("got %v, want quickstart and finetune-classification among them", names)
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			content, err := Preset(name)
			if err != nil {
				t.Fatal(err)
			}
			mustLoad(t, string(content), LoadOptions{})
			head, _, _ := strings.Cut(string(content), "\n\n")
			if !strings.Contains(head, "--config configs/"+name+".yaml") || !strings.Contains(head, "--set ") {
				t.Errorf("want its command and an override at the top, got\n%s", head)
			}
			if onDisk, err := os.ReadFile(name + ".yaml"); err != nil || string(onDisk) != string(content) {
				t.Errorf("want the file configs/%s.yaml itself, got %v", name, err)
			}
		})
	}
	if _, err := Preset("quick"); err == nil || !strings.Contains(err.Error(),
		"want one of finetune-classification, finetune-ner, ") {
		t.Errorf("unknown preset: got %v", err)
	}
}

// Every general task has a preset of its own.
func TestPresetOfEachTask(t *testing.T) {
	for _, name := range task.General() {
		content, err := Preset("finetune-" + strings.ReplaceAll(name, "_", "-"))
		if err != nil {
			t.Error(err)
			continue
		}
		if c := mustLoad(t, string(content), LoadOptions{}); c.Task.Name != name {
			t.Errorf("the preset of %s is for %s", name, c.Task.Name)
		}
	}
}
