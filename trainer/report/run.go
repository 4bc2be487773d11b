package report

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"t5train/checkpoints"
	"t5train/internal/bounded"
	"t5train/internal/ui"
	"t5train/trainer/runlog"
)

// Run is what there is to show of a run.
type Run struct {
	Name    string    `json:"name"` // its path, as short as it tells the runs apart
	Path    string    `json:"path"`
	State   string    `json:"state"` // Running, Finished or Stopped
	Task    string    `json:"task"`  // of a pre-training its objective
	Model   string    `json:"model"` // size of a new one, or where it came from
	Step    int       `json:"step"`  // last one that is known of
	Steps   int       `json:"steps"` // of the whole run, 0 where that is not known
	Metric  string    `json:"metric"`
	Best    *float64  `json:"best"` // value of Metric of the best checkpoint; nil without one
	BestAt  int       `json:"best_step"`
	Updated time.Time `json:"updated"`

	Config     []Setting                     `json:"config"`
	Record     runlog.Run                    `json:"record"`
	Evaluation map[string]*runlog.Evaluation `json:"evaluation"` // "best" and "latest"
	Train      Lines                         `json:"train"`
	Eval       Lines                         `json:"eval"`
	Notes      []string                      `json:"notes"`    // what could not be read, a line each
	Findings   []ui.Note                     `json:"findings"` // on the data, the best checkpoint and the run
	Results    []Result                      `json:"results"`  // of other data
	Glance     Glance                        `json:"glance"`   // made by [NewPage]
}

// Result is what `t5train evaluate` wrote into the folder of a run: metrics of other data than those that it chose its
// best checkpoint by.
type Result struct {
	Name      string                 `json:"name"` // of the file: test for test.json
	Values    map[string]*float64    `json:"values"`
	Intervals map[string][2]*float64 `json:"intervals"` // 95 %
	Older     bool                   `json:"older"`     // than the best checkpoint
}

// The states of a run.
const (
	Running  = "running"
	Finished = "finished"
	Stopped  = "stopped" // by a person, an error or a kill: the same command resumes
)

// Constant returns what a constant answer is worth by the metric that decides; nil where that is not known.
func (r *Run) Constant() *float64 {
	value, _ := r.constant()
	return value
}

func (r *Run) constant() (value *float64, answer string) {
	best := r.Evaluation["best"]
	if best == nil {
		return nil, ""
	}
	for _, c := range best.Constants {
		if v, ok := c.Values[r.Metric]; ok {
			return &v, c.Answer
		}
	}
	return nil, ""
}

// standing is what the report reads of the state that a checkpoint holds for training.
type standing struct {
	Step     int      `json:"step"`
	Best     *float64 `json:"best"`
	BestStep int      `json:"best_step"`
	Finished bool     `json:"finished"`
}

// IsRun reports whether a folder is one of a run.
func IsRun(dir string) bool {
	return isFile(filepath.Join(dir, runlog.ConfigName)) &&
		(isFile(filepath.Join(dir, runlog.HistoryName)) || isFile(filepath.Join(dir, runlog.RunName)))
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// Read reads a run. Whatever its files hold, there is something to show; what cannot be read is among the notes.
func Read(dir string) *Run {
	r := &Run{Name: filepath.Base(filepath.Clean(dir)), Path: dir, State: Stopped,
		Evaluation: make(map[string]*runlog.Evaluation)}
	r.readConfig()
	r.readRecord()
	r.readHistory()
	r.readState()
	r.readResults()
	return r
}

// note keeps an error as a line, unless it says that something is not there.
func (r *Run) note(err error) {
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.Notes = append(r.Notes, strings.ReplaceAll(err.Error(), "\n", " "))
	}
}

func (r *Run) readConfig() {
	var err error
	if r.Config, err = readSettings(filepath.Join(r.Path, runlog.ConfigName)); err != nil {
		r.note(err)
		return
	}
	r.Task = cmp.Or(r.Setting("objective.name"), r.Setting("task.name"))
	r.Model = r.Setting("model.size")
	if path := r.Setting("model.path"); path != "" {
		r.Model = "from " + filepath.Base(path)
	}
	r.Metric = r.Setting("eval.metric")
	_, _ = fmt.Sscan(r.Setting("train.steps"), &r.Steps) // else it stays 0: it is not known
}

// Setting returns the value of a key of the configuration, or "".
func (r *Run) Setting(key string) string {
	for _, s := range r.Config {
		if s.Key == key {
			return s.Value
		}
	}
	return ""
}

func (r *Run) readHistory() {
	path := filepath.Join(r.Path, runlog.HistoryName)
	h, err := runlog.ReadHistory(path)
	if err != nil {
		r.note(err)
		return
	}
	if info, err := os.Stat(path); err == nil {
		r.Updated = info.ModTime().UTC().Truncate(time.Second)
	}
	if h.Skipped > 0 {
		r.note(fmt.Errorf("%s: lines that cannot be read and are left out: %d", path, h.Skipped))
	}
	r.Train, r.Eval = newLines(h, r.Record.Sessions)
	for _, steps := range [][]int{r.Train.Step, r.Eval.Step} {
		if len(steps) > 0 {
			r.Step = max(r.Step, steps[len(steps)-1])
		}
	}
}

func (r *Run) readRecord() {
	var err error
	if r.Record, err = runlog.Read[runlog.Run](filepath.Join(r.Path, runlog.RunName)); err != nil {
		r.note(err)
	}
	r.Steps, r.Metric = cmp.Or(r.Record.Steps, r.Steps), cmp.Or(r.Record.Metric, r.Metric)
	for which, name := range map[string]string{"best": runlog.BestName, "latest": runlog.LatestName} {
		e, err := runlog.Read[runlog.Evaluation](filepath.Join(r.Path, name))
		if err != nil {
			r.note(err)
			continue
		}
		r.Evaluation[which] = &e
	}
	r.Findings = r.Record.Notes
	if best := r.Evaluation["best"]; best != nil {
		r.Findings = slices.Concat(r.Findings, best.Notes)
	}
}

// readState looks at the latest checkpoint and at the lock.
func (r *Run) readState() {
	running, err := checkpoints.Running(r.Path)
	r.note(err)
	s, err := readStanding(r.Path)
	r.note(err)
	r.Step, r.Best, r.BestAt = max(r.Step, s.Step), s.Best, s.BestStep
	switch {
	case running:
		r.State = Running
	case s.Finished:
		r.State, r.Steps = Finished, cmp.Or(r.Steps, s.Step)
	}
}

func readStanding(dir string) (s standing, err error) {
	run, err := checkpoints.OpenRun(dir)
	if err != nil {
		return s, err
	}
	step, found, err := run.Latest()
	if err != nil || !found {
		return s, err
	}
	path := filepath.Join(run.Dir(step), filepath.FromSlash(runlog.StateName))
	text, err := bounded.ReadFile(path)
	if err != nil {
		return s, fmt.Errorf("read state: %w", err)
	}
	if err := json.Unmarshal(text, &s); err != nil {
		return standing{}, fmt.Errorf("read %s: %w", path, err)
	}
	return s, nil
}

// readResults reads the files of metrics in the folder, and passes over other JSON.
func (r *Run) readResults() {
	var best time.Time
	if run, err := checkpoints.OpenRun(r.Path); err == nil {
		if info, err := os.Stat(run.Dir(r.BestAt)); err == nil {
			best = info.ModTime()
		}
	}
	entries, err := os.ReadDir(r.Path)
	r.note(err)
	for _, entry := range entries {
		path := filepath.Join(r.Path, entry.Name())
		if filepath.Ext(path) != ".json" || !isFile(path) {
			continue
		}
		text, err := bounded.ReadFile(path)
		r.note(err)
		var members map[string]json.RawMessage
		if json.Unmarshal(text, &members) != nil || members["examples"] == nil || members["notes"] == nil {
			continue
		}
		result := Result{Name: strings.TrimSuffix(entry.Name(), ".json"), Values: make(map[string]*float64)}
		for name, raw := range members {
			var value *float64 // null is a metric that is not finite
			if name != "notes" && json.Unmarshal(raw, &value) == nil {
				result.Values[name] = value
			}
		}
		_ = json.Unmarshal(members["intervals"], &result.Intervals) // else there are none to show
		if info, err := entry.Info(); err == nil {
			result.Older = info.ModTime().Before(best)
		}
		r.Results = append(r.Results, result)
	}
}
