package sweep

import (
	"hash/fnv"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"t5train/configs"
	"t5train/data"
	"t5train/internal/random"
)

// Spec says what a sweep tries.
type Spec struct {
	Command string // finetune or pretrain
	Output  string // folder of the sweep
	// Base has the sources of the settings as they are, those of trial 0. Their output is not used.
	Base   configs.LoadOptions
	Search []Key

	Trials    int     // at most, trial 0 among them; 0 is as many as fit into Minutes, or all of a grid
	Minutes   float64 // that the trials may take; 0 is as long as it takes
	Rungs     int     // at which trials are compared, the end among them; 1 trains all to their end
	Reduction int     // one of so many goes on from a rung
	Seed      int

	Metric string   // that decides; "" is the run's own
	Test   []string // data on which the best settings are compared with trial 0, once
}

// Key is a key of the configuration, with the values that it is to have: those of a list, or those of a range.
type Key struct {
	Path   string   `json:"path"`             // optimizer.learning_rate
	Values []string `json:"values,omitempty"` // in YAML; empty for a range
	Low    float64  `json:"low,omitempty"`
	High   float64  `json:"high,omitempty"` // is drawn too
	Log    bool     `json:"log,omitempty"`  // the logarithm is uniform
	Whole  bool     `json:"whole,omitempty"`
}

// defaults of a sweep.
const (
	defaultRungs     = 3
	defaultReduction = 3
)

// maxTrials bounds the trials of a sweep, whose numbers have three digits or more.
const maxTrials = 10_000

// combinations returns how many there are of the values of lists, 0 where a key has a range or there are too many.
func (s *Spec) combinations() int {
	n := 1
	for _, k := range s.Search {
		if n *= len(k.Values); n == 0 || n > 1<<30 {
			return 0
		}
	}
	return n
}

// most returns the number of trials that the sweep has at most.
func (s *Spec) most() int {
	n := maxTrials
	if s.Trials > 0 {
		n = min(n, s.Trials)
	}
	if all := s.combinations(); all > 0 {
		n = min(n, all+1)
	}
	return n
}

// settings returns the values that a trial has, in the order of the keys; none for trial 0. Of lists alone no
// combination comes twice. Another key changes no draw of a range.
func (s *Spec) settings(trial int) []configs.Value {
	if trial == 0 {
		return nil
	}
	values := make([]configs.Value, len(s.Search))
	all := s.combinations()
	at := 0
	if all > 0 {
		at = data.NewPermutation(all, uint64(s.Seed), 0).At(trial - 1)
	}
	for i, k := range s.Search {
		values[i].Key = k.Path
		if all > 0 {
			values[i].Text, at = k.Values[at%len(k.Values)], at/len(k.Values)
			continue
		}
		name := fnv.New64a()
		name.Write([]byte(k.Path))
		values[i].Text = k.draw(random.New(uint64(s.Seed), uint64(trial), name.Sum64()))
	}
	return values
}

// draw returns a value, a number with three digits.
func (k Key) draw(d random.Draw) string {
	if len(k.Values) > 0 {
		return k.Values[d.Below(uint64(len(k.Values)))]
	}
	low, high, share := k.Low, k.High, float64(d.Uint64()>>11)/(1<<53)
	if k.Whole { // each integer is as likely as its share of the range
		low, high = low-0.5, high+0.5
	}
	var v float64
	if k.Log {
		v = low * math.Pow(high/low, share)
	} else {
		v = low + share*(high-low)
	}
	if k.Whole {
		return strconv.FormatFloat(min(max(math.Round(v), k.Low), k.High), 'f', -1, 64)
	}
	v, _ = strconv.ParseFloat(strconv.FormatFloat(v, 'g', 3, 64), 64)
	return strconv.FormatFloat(min(max(v, k.Low), k.High), 'g', -1, 64)
}

// shares returns the parts of a run at which trials are compared, the last one 1.
func (s *Spec) shares() []float64 {
	shares := make([]float64, s.Rungs)
	for i := range shares {
		shares[i] = math.Pow(float64(s.Reduction), float64(i-s.Rungs+1))
	}
	return shares
}

// base returns the settings as they are, and whether they say how often to evaluate.
func (s *Spec) base() (c *configs.Config, everySteps bool, err error) {
	o := s.Base
	o.Command, o.NoRun = s.Command, true
	if s.Metric != "" {
		o.Overrides = maps.Clone(o.Overrides)
		if o.Overrides == nil {
			o.Overrides = map[string]any{}
		}
		o.Overrides["eval.metric"] = s.Metric
	}
	if c, err = configs.Load(o); err != nil {
		return nil, false, err
	}
	o.Facts, o.Sink, o.Paths = nil, nil, false // without facts nothing is chosen
	bare, err := configs.Load(o)
	return c, err == nil && bare.Eval.EverySteps > 0, err
}

// startsAnew are the keys that others follow from: a learning rate that suits one optimizer suits no other.
var startsAnew = []string{"optimizer.name", "schedule.name", "model.path", "model.size", "lora.rank", "task.name",
	"objective.name"}

// trialConfig returns the configuration of a trial, but for its folder: the settings as they are, base, with those of
// the trial. What was chosen to suit base stays, but how often it is evaluated, so that all trials have as many rungs;
// and where a key changes that others follow from, the choice is made anew.
func (s *Spec) trialConfig(base *configs.Config, everySteps bool, settings []configs.Value) (*configs.Config, error) {
	o := s.Base
	o.Command, o.NoRun, o.Sink, o.SetName = s.Command, true, nil, "search"
	was := map[string]string{}
	for _, v := range base.Values() {
		was[v.Key] = v.Text
	}
	anew := slices.ContainsFunc(settings, func(v configs.Value) bool {
		return slices.Contains(startsAnew, v.Key) && was[v.Key] != v.Text
	})
	o.Set = slices.Clone(o.Set)
	if anew {
		o.Overrides = maps.Clone(o.Overrides)
		for _, v := range settings {
			delete(o.Overrides, v.Key)
			o.Set = slices.DeleteFunc(o.Set, func(arg string) bool { return strings.HasPrefix(arg, v.Key+"=") })
		}
		for _, key := range []string{"data.max_validation_examples", "eval.metric"} { // the same for all
			delete(o.Overrides, key)
			if was[key] != "" {
				o.Set = append(o.Set, key+"="+was[key])
			}
		}
	} else {
		o.File, o.Content = "the settings as they are", yamlOf(base, everySteps)
		o.Env, o.Set, o.Overrides = nil, nil, nil
	}
	for _, v := range settings {
		o.Set = append(o.Set, v.Key+"="+v.Text)
	}
	return configs.Load(o)
}

// yamlOf writes a configuration without its output, and without the steps between evaluations unless they were given.
func yamlOf(c *configs.Config, everySteps bool) []byte {
	var b strings.Builder
	section := ""
	for _, v := range c.Values() {
		above, key, dotted := strings.Cut(v.Key, ".")
		if !dotted || v.Key == "eval.every_steps" && !everySteps {
			continue
		}
		if above != section {
			section = above
			b.WriteString(section + ":\n")
		}
		b.WriteString("  " + key + ": " + v.Text + "\n")
	}
	return []byte(b.String())
}
