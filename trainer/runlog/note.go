package runlog

// Constant is the constant answer that is right most often, with the values that the metrics of a task give it: what a
// model reaches that does not look at its input.
type Constant struct {
	Component string             `json:"part,omitempty"` // of a mixture
	Answer    string             `json:"answer"`
	Values    map[string]float64 `json:"values"` // by the names that the metrics have in the evaluation
}

// Baseline is a simple method that has learnt from the same rows, with what it reaches on the held-out examples.
type Baseline struct {
	Method     string             `json:"method"`
	Values     map[string]float64 `json:"values"`
	Metric     string             `json:"metric"`             // that is compared
	Difference float64            `json:"difference"`         // the value of the model less that of the baseline
	Interval   []float64          `json:"interval,omitempty"` // 95 %, of the difference; empty where it takes long
}
