// Package runlog is what a run writes down about itself beside its checkpoints, for reports and other programs:
//
//	OUTPUT/metrics.jsonl       a line for each logged step and each evaluation: [Train], [Eval]
//	OUTPUT/report/run.json     what is known as the run begins, and where it was computed: [Run]
//	OUTPUT/report/latest.json  what the latest evaluation saw besides its metrics: [Evaluation]
//	OUTPUT/report/best.json    the same of the best one
//
// Reading forgives: a line that is cut off is skipped and counted, unknown fields are left alone, and what a version
// did not know yet is zero.
//
//	history, err := runlog.ReadHistory(filepath.Join("runs/quickstart", runlog.HistoryName))
//	last := history.Train[len(history.Train)-1]
package runlog
