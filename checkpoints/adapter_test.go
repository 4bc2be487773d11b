package checkpoints

import (
	"strings"
	"testing"
)

func TestResolveOfAdapter(t *testing.T) {
	dir := modelFolder(t, map[string]string{
		"adapter_config.json":       `{"peft_type": "LORA", "base_model_name_or_path": "google/flan-t5-small"}`,
		"adapter_model.safetensors": "a"})
	_, _, err := Resolve(dir)
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"an adapter", `"google/flan-t5-small"`, "checkpoints.adapter", dir} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error %q does not say %q", err, want)
		}
	}
}
