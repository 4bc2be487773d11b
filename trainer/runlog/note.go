package runlog

// Constant is the constant answer that is right most often, with the values that the metrics of a task give it: what a
// model reaches that does not look at its input.
type Constant struct {
	Component string             `json:"part,omitempty"` // of a mixture
	Answer    string             `json:"answer"`
	Values    map[string]float64 `json:"values"` // by the names that the metrics have in the evaluation
}
