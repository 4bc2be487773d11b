package runlog

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"time"

	"t5train/internal/atomicfile"
	"t5train/internal/bounded"
	"t5train/internal/ui"
)

// ConfigName is the file of a run folder that holds its resolved configuration, StateName that of a checkpoint that
// holds what resuming needs besides tensors.
const (
	ConfigName = "config.yaml"
	StateName  = "trainer/state.json"
)

// The files of a run folder beside its lines.
const (
	DirName    = "report"
	RunName    = DirName + "/run.json"
	LatestName = DirName + "/latest.json"
	BestName   = DirName + "/best.json"
)

// Run is what is known as a run begins.
type Run struct {
	Parameters int64 `json:"parameters"` // of the model
	Steps      int   `json:"steps"`      // of the whole run
	// that decides which checkpoint is the best; "" without evaluation
	Metric   string             `json:"metric"`
	Lengths  map[string]Lengths `json:"lengths"`  // of "train" and "validation"
	Sessions []Session          `json:"sessions"` // the processes that have trained it, in order
	Notes    []ui.Note          `json:"notes,omitempty"`
}

// Session is one process that trains a run.
type Session struct {
	Time        time.Time `json:"time"`
	Step        int       `json:"step"` // that the run had reached
	Environment `json:"environment"`
}

// maxSessions bounds the sessions that are kept.
const maxSessions = 100

// Begin makes s the last of the sessions, behind those that came before.
func (r *Run) Begin(before []Session, s Session) {
	r.Sessions = append(before[max(0, len(before)-maxSessions+1):len(before):len(before)], s)
}

// Read reads one of the JSON files of a run folder.
func Read[T Run | Evaluation](path string) (v T, err error) {
	text, err := bounded.ReadFile(path)
	if err != nil {
		return v, fmt.Errorf("read record: %w", err)
	}
	if err := json.Unmarshal(text, &v); err != nil {
		return v, fmt.Errorf("read %s: %w", path, err)
	}
	return v, nil
}

// Write gives a JSON file of a run folder a new content at once. Its folder is made if missing.
func Write[T Run | Evaluation](path string, v T) error {
	text, err := json.Marshal(v)
	if err == nil {
		err = atomicfile.MkdirInner(filepath.Dir(path))
	}
	if err == nil {
		err = atomicfile.ReplaceFile(path, append(text, '\n'))
	}
	return atomicfile.WriteError(path, err)
}
