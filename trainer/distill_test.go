package trainer

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"t5train/checkpoints"
	"t5train/configs"
	"t5train/data/task"
	"t5train/internal/atomicfile"
	"t5train/internal/testdir"
	"t5train/internal/testrun"
)

// teacherRun trains a teacher and returns its folder.
func teacherRun(t *testing.T) string {
	t.Helper()
	c := testrun.TinyConfig(t)
	c.Output = filepath.Join(t.TempDir(), "teacher")
	finetune(t, c, Options{})
	return c.Output
}

// student is a small run that learns from a teacher.
func student(t *testing.T, teacher string) *configs.Config {
	t.Helper()
	c := testrun.TinyConfig(t)
	c.Distill.Teacher, c.Distill.TopK = teacher, new(4)
	c.Train.Seed, c.Train.LogEvery, c.Checkpoint.KeepLast = 2, 1, 100
	return c
}

// A student of each kind learns, its run is resumed to the same bits, and its card names the teacher.
func TestDistilledRun(t *testing.T) {
	teacher := teacherRun(t)
	for name, change := range map[string]func(c *configs.Config){
		"probabilities": func(*configs.Config) {},
		"answers":       func(c *configs.Config) { c.Distill.Targets, c.Distill.Weight = new("teacher"), new(0.0) },
		"both": func(c *configs.Config) {
			c.Distill.Targets, c.Train.BatchSize, c.Train.BatchTokens = new("teacher"), 0, 300
		},
		"int8": func(c *configs.Config) { c.Distill.Teacher = inEightBits(t, teacher) },
		"another vocabulary": func(c *configs.Config) {
			c.Tokenizer.Path, c.Model.VocabSize = "", nil // T5's
			c.Distill.Targets, c.Distill.Weight = new("teacher"), new(0.0)
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := student(t, teacher)
			change(c)
			r := finetune(t, c, Options{})
			losses := testrun.TrainLosses(t, c.Output)
			if first, last := losses[0], losses[len(losses)-1]; !(last < first) {
				t.Errorf("the loss is %g in the end and was %g", last, first)
			}
			if text := string(testdir.Read(t, filepath.Join(r.Checkpoint, "README.md"))); !strings.Contains(text,
				"a student of `"+filepath.Base(c.Distill.Teacher)+"`") {
				t.Errorf("the card does not name the teacher: %s", text)
			}
			want := contents(t, c.Output)
			c.Output = filepath.Join(t.TempDir(), "run")
			if r := stoppedAt(t, c, "step 3/"); !r.Interrupted {
				t.Fatalf("stopped with %+v", r)
			}
			finetune(t, c, Options{Resume: true})
			got := contents(t, c.Output)
			for name := range got {
				if _, ok := want[name]; !ok { // saved when it stopped
					delete(got, name)
				}
			}
			compareRuns(t, "resumed", want, got)
		})
	}
}

// A student that learns nothing but the probabilities of a teacher that is its own first weights has no loss.
func TestStudentLikeItsTeacher(t *testing.T) {
	teacher := teacherRun(t)
	c := student(t, teacher)
	c.Model, c.Tokenizer.Path = configs.Model{Path: teacher, DropoutRate: new(0.0)}, ""
	c.Train.Steps, c.Train.Epochs = 1, 0
	c.Distill.Weight, c.Distill.TopK = new(1.0), new(1<<16)
	finetune(t, c, Options{})
	if losses := testrun.TrainLosses(t, c.Output); !(losses[0] < 1e-5) {
		t.Errorf("the loss is %g", losses[0])
	}
}

// The teacher answers once: runs share the file. Killed at any change of the disk, the same call goes on.
func TestTeacherOutputs(t *testing.T) {
	teacher := teacherRun(t)
	c := student(t, teacher)
	c.Train.Steps, c.Train.Epochs = 1, 0
	c.Distill.Outputs = filepath.Join(t.TempDir(), "outputs")
	finetune(t, c, Options{})
	want := testdir.Read(t, c.Distill.Outputs)
	for changes, done := 0, false; !done; changes++ {
		run := *c
		run.Output = filepath.Join(t.TempDir(), "run")
		run.Distill.Outputs = filepath.Join(t.TempDir(), "outputs")
		revive := atomicfile.KillAfter(filepath.Dir(run.Distill.Outputs), changes)
		_, err := Finetune(t.Context(), &run, Options{})
		revive()
		if done = err == nil; !done && !errors.Is(err, atomicfile.ErrKilled) {
			t.Fatal(err)
		}
		finetune(t, &run, Options{})
		if string(testdir.Read(t, run.Distill.Outputs)) != string(want) {
			t.Errorf("killed after %d changes the outputs are others", changes)
		}
	}
	// Another teacher: refused where the file is shared, replaced where it is the run's own and the run begins.
	c.Output, c.Distill.Teacher = filepath.Join(t.TempDir(), "run"), testrun.ModelOf(t, testrun.TinyVocab, true,
		c.Tokenizer.Path)
	refuses(t, c, "holds the outputs of another teacher", "distill.outputs")
	c.Distill.Outputs = ""
	if err := os.Mkdir(c.Output, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(c.Output, "teacher.outputs"), want, 0o666); err != nil {
		t.Fatal(err)
	}
	finetune(t, c, Options{})
}

// refuses makes sure that a run does not begin, and says why.
func refuses(t *testing.T, c *configs.Config, want ...string) {
	t.Helper()
	_, err := Finetune(t.Context(), c, Options{})
	for _, text := range want {
		if err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("error %v, want one with %q", err, text)
		}
	}
}

func TestTeacherRefusals(t *testing.T) {
	teacher := teacherRun(t)
	another := func(change func(*task.Spec)) string {
		b, _, err := checkpoints.Open(teacher)
		if err != nil {
			t.Fatal(err)
		}
		change(b.Info.Task)
		dir := filepath.Join(t.TempDir(), "another")
		if err := checkpoints.Create(dir, b.Write); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	for name, c := range map[string]struct {
		change func(c *configs.Config)
		want   []string
	}{
		"absent": {func(c *configs.Config) { c.Distill.Teacher = "absent" }, []string{"distill.teacher", "absent"}},
		"another vocabulary": {func(c *configs.Config) { c.Tokenizer.Path, c.Model.VocabSize = "", nil },
			[]string{"another vocabulary", "distill.targets=teacher"}},
		"another prefix": {func(c *configs.Config) { c.Task.Prefix = new("spam or ham: ") },
			[]string{"task.prefix", `"spam or ham: "`}},
		"another task": {func(c *configs.Config) {
			c.Distill.Teacher = another(func(s *task.Spec) {
				*s = task.Spec{Name: "regression", TextColumns: s.TextColumns, LabelColumn: "label", RoundTo: new(0.1)}
			})
		}, []string{"task.name", `"regression"`}},
		"other labels": {func(c *configs.Config) {
			c.Distill.Teacher = another(func(s *task.Spec) { s.Labels[0].Text = "eggs" })
		}, []string{"task.labels", "eggs"}},
		"nothing to learn": {func(c *configs.Config) { c.Distill.Weight = new(0.0) },
			[]string{"distill.weight", "distill.targets"}},
		"no teacher": {func(c *configs.Config) { c.Distill.Teacher = "" },
			[]string{"distill.top_k", "distill.teacher"}},
		"a mixture": {func(c *configs.Config) {
			c.Data.Mixture = []configs.Component{{Name: "a", Task: c.Task, Train: c.Data.Train}}
			c.Data.Train, c.Data.Validation, c.Task = nil, nil, task.Spec{}
		}, []string{"distill.teacher", "one task"}},
	} {
		t.Run(name, func(t *testing.T) {
			config := student(t, teacher)
			c.change(config)
			refuses(t, config, c.want...)
			if _, err := os.Stat(config.Output); err == nil {
				t.Error("something was written")
			}
		})
	}
}
