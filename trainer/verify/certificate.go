package verify

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"t5train/checkpoints"
	"t5train/checkpoints/safetensors"
	"t5train/internal/bounded"
	"t5train/internal/difference"
	"t5train/trainer/runlog"
)

// format is the version of certificates.
const format = 1

// Certificate says what was confirmed: that training with these settings on this data, from the checkpoint of step From
// or from the beginning, gave these checkpoints.
type Certificate struct {
	Format      int               `json:"t5train_certificate"`
	Run         string            `json:"run"`
	From        int               `json:"from"` // step; 0 is the beginning
	To          int               `json:"to"`
	Rows        int               `json:"losses"` // rows of metrics.jsonl that were the same
	Evaluations int               `json:"evaluations"`
	Checkpoints []Checkpoint      `json:"checkpoints"` // that were the same
	Config      map[string]string `json:"config"`      // keys that decide about the numbers
	Data        map[string]string `json:"data"`        // digests of what was read
	Examples    int64             `json:"examples"`    // of an epoch
	Processors  []string          `json:"processors"`  // that computed the steps again
	Version     string            `json:"version,omitempty"`
	Commit      string            `json:"commit,omitempty"`
	Time        time.Time         `json:"time"`
}

// Checkpoint names the files with tensors of a checkpoint.
type Checkpoint struct {
	Step  int               `json:"step"`
	Files map[string]string `json:"sha256"` // by their paths in the folder
}

// state is what is read of the state of a checkpoint.
type state struct {
	Examples     int64             `json:"examples"`
	Data         map[string]string `json:"data"`
	Config       map[string]string `json:"config"`
	Processors   []string          `json:"processors"`
	ScheduleStep int               `json:"schedule_step"`
	Minutes      float64           `json:"minutes"` // train.minutes, of which config.yaml has the steps
}

func readState(dir string) (s state, err error) {
	path := filepath.Join(dir, filepath.FromSlash(runlog.StateName))
	text, err := bounded.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	if err != nil {
		return s, fmt.Errorf("read %s: %w", path, err)
	}
	return s, nil
}

// tensorFiles lists the files of a checkpoint that hold tensors.
func tensorFiles(dir string) (names []string, err error) {
	for _, part := range []string{"", "trainer"} {
		found, err := filepath.Glob(filepath.Join(dir, part, "*.safetensors"))
		if err != nil {
			return nil, err
		}
		for _, path := range found {
			names = append(names, filepath.ToSlash(filepath.Join(part, filepath.Base(path))))
		}
	}
	return names, nil
}

func digests(dir string) (map[string]string, error) {
	names, err := tensorFiles(dir)
	if err != nil {
		return nil, err
	}
	all := make(map[string]string)
	for _, name := range names {
		f, err := os.Open(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			return nil, err
		}
		sum := sha256.New()
		_, err = io.Copy(sum, f)
		f.Close()
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		all[name] = hex.EncodeToString(sum.Sum(nil))
	}
	return all, nil
}

// copyCheckpoint gives the second run a checkpoint of the first.
func (w *work) copyCheckpoint(step int) error {
	run, err := checkpoints.OpenRun(w.config.Output)
	if err != nil {
		return err
	}
	from := w.run.Dir(step)
	return os.CopyFS(run.Dir(step), os.DirFS(from))
}

// compareCheckpoint compares the tensors of a checkpoint with those that the second run has at its step.
func (w *work) compareCheckpoint(step int) error {
	run, err := checkpoints.OpenRun(w.config.Output)
	if err != nil {
		return err
	}
	dir, again := w.run.Dir(step), run.Dir(step)
	names, err := tensorFiles(dir)
	if err != nil {
		return err
	}
	others, err := tensorFiles(again)
	if err != nil {
		return err
	}
	if !slices.Equal(names, others) {
		return w.explain(fmt.Errorf("the checkpoint of step %d has the files %s, and was given %s", step,
			strings.Join(names, ", "), strings.Join(others, ", ")))
	}
	for _, name := range names {
		differs, all, err := compareTensors(filepath.Join(dir, name), filepath.Join(again, name))
		if err != nil {
			return err
		}
		if len(differs) > 0 {
			return w.explain(fmt.Errorf("the checkpoint of step %d is not what training gives: %d of %d tensors of %s "+
				"differ, %s among them", step, len(differs), all, name, differs[0]))
		}
	}
	files, err := digests(dir)
	w.done.Checkpoints = append(w.done.Checkpoints, Checkpoint{step, files})
	return err
}

// compareTensors returns the tensors of two files that are not the same, and how many there are.
func compareTensors(path, again string) (differs []string, all int, err error) {
	a, err := safetensors.Open(path)
	if err != nil {
		return nil, 0, err
	}
	defer a.Close()
	b, err := safetensors.Open(again)
	if err != nil {
		return nil, 0, err
	}
	defer b.Close()
	names := slices.Concat(a.Names(), b.Names())
	slices.Sort(names)
	names = slices.Compact(names)
	for _, name := range names {
		x, _ := a.Tensor(name)
		y, _ := b.Tensor(name)
		if x.DType != y.DType || !slices.Equal(x.Shape, y.Shape) || !bytes.Equal(x.Data, y.Data) {
			differs = append(differs, name)
		}
	}
	return differs, len(names), nil
}

// Write writes a certificate as JSON.
func (c *Certificate) Write(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(c); err != nil {
		return fmt.Errorf("write certificate: %w", err)
	}
	return nil
}

// ReadCertificate reads what [Certificate.Write] wrote.
func ReadCertificate(path string) (*Certificate, error) {
	text, err := bounded.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read certificate: %w", err)
	}
	return parse(text, path)
}

func parse(text []byte, path string) (*Certificate, error) {
	c := &Certificate{}
	if err := json.Unmarshal(text, c); err != nil {
		return nil, fmt.Errorf("read certificate %s: %w", path, err)
	}
	if c.Format != format {
		return nil, fmt.Errorf("read certificate %s: its t5train_certificate is %d, want %d: it is of another "+
			"version, or no certificate", path, c.Format, format)
	}
	return c, nil
}

// Check compares a run, or the folder of one checkpoint, with a certificate, and returns the steps whose files are what
// it says. Nothing is trained: that the files come from the data is what the certificate's author says. What differs is
// [ErrDiffers].
func Check(path string, c *Certificate) (steps []int, err error) {
	dirs := map[int]string{}
	if run, err := checkpoints.OpenRun(path); err == nil {
		for _, k := range c.Checkpoints {
			if _, err := os.Stat(run.Dir(k.Step)); err == nil {
				dirs[k.Step] = run.Dir(k.Step)
			}
		}
	}
	alone := len(dirs) == 0
	var found map[string]string
	for _, k := range c.Checkpoints {
		dir := dirs[k.Step]
		if alone {
			dir = path
		}
		if dir == "" {
			continue
		}
		if found, err = digests(dir); err != nil {
			return nil, fmt.Errorf("check %s: %w", path, err)
		}
		if changes := difference.Of(k.Files, found); len(changes) > 0 {
			if alone {
				continue // another one may be it
			}
			return nil, fmt.Errorf("check %s: %w: step %d (the certificate's SHA-256 -> the file's):\n  %s", path,
				ErrDiffers, k.Step, strings.Join(changes, "\n  "))
		}
		s, err := readState(dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if err == nil {
			changes := append(difference.Of(c.Data, s.Data), difference.Of(c.Config, s.Config)...)
			if len(changes) > 0 {
				return nil, fmt.Errorf("check %s: %w: step %d has other data or settings (the certificate's -> its "+
					"own):\n  %s", path, ErrDiffers, k.Step, strings.Join(changes, "\n  "))
			}
		}
		steps = append(steps, k.Step)
	}
	if len(steps) == 0 {
		return nil, fmt.Errorf("check %s: %w: it holds none of the checkpoints of the certificate, which has %d", path,
			ErrDiffers, len(c.Checkpoints))
	}
	return steps, nil
}
