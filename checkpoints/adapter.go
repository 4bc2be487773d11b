package checkpoints

import (
	"encoding/json"
	"fmt"
	"path/filepath"

	"t5train/internal/bounded"
)

// adapterName is the file by which peft knows the folder of an adapter (LoRA and the like).
const adapterName = "adapter_config.json"

// adapterError is the error for a folder that holds an adapter in place of a model.
func adapterError(dir string) error {
	var config struct {
		Base string `json:"base_model_name_or_path"`
	}
	if raw, err := bounded.ReadFile(filepath.Join(dir, adapterName)); err == nil {
		_ = json.Unmarshal(raw, &config) // the name of the base is a help where it is there
	}
	base := "its base model"
	if config.Base != "" {
		base = fmt.Sprintf("its base model %q", config.Base)
	}
	return fmt.Errorf("it holds an adapter (%s), which changes %s and is no model by itself: merge the two once with\n"+
		`python -c "from peft import AutoPeftModelForSeq2SeqLM as M; M.from_pretrained('%s').merge_and_unload().save_pretrained('%s-merged')"`+
		"\nand copy the tokenizer of the base model there", adapterName, base, dir, filepath.Clean(dir))
}
