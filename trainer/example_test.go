package trainer_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"t5train/checkpoints"
	"t5train/configs"
	"t5train/data/task"
	"t5train/trainer"
	"t5train/trainer/predict"
)

// A model of three thousand parameters, far too small to learn the task, is fine-tuned for two steps and used.
func ExampleFinetune() {
	dir, err := os.MkdirTemp("", "run")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	// ByT5's tokens are bytes, so that its vocabulary is small.
	class := []byte(`{"tokenizer_class": "ByT5Tokenizer"}`)
	if err := os.WriteFile(filepath.Join(dir, "tokenizer_config.json"), class, 0o600); err != nil {
		log.Fatal(err)
	}
	config, err := configs.Load(configs.LoadOptions{Command: "finetune", Set: []string{
		"output=" + filepath.Join(dir, "run"), "data.train=[../testdata/sms_spam/train-00000-of-00001.parquet]",
		"data.max_train_examples=32", "data.max_input_length=32", "task.name=classification", "train.steps=2",
		"train.batch_size=16", "model.size=v1_1-tiny", "model.d_model=4", "model.d_kv=4", "model.d_ff=8",
		"tokenizer.path=" + dir,
	}})
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	result, err := trainer.Finetune(ctx, config, trainer.Options{})
	if err != nil {
		log.Fatal(err)
	}
	folder, _, err := checkpoints.Open(result.Checkpoint)
	if err != nil {
		log.Fatal(err)
	}
	spec, err := folder.PredictionTask(task.Spec{})
	if err != nil {
		log.Fatal(err)
	}
	predictor := predict.NewPredictor(folder, spec, nil, predict.PredictorOptions{})
	answers, err := predictor.Classify(ctx, []string{"sms: You have won a prize"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Step, "steps; probabilities of", len(answers[0].Probabilities), "labels")
	// Output:
	// 2 steps; probabilities of 2 labels
}
