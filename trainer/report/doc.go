// Package report shows runs: as one HTML page that needs no other file, as plots for papers, as a page that follows
// runs while they train, and as a list.
//
//	runs, err := report.Open("runs/first", "runs/second")
//	err = report.WritePage(file, report.NewPage(runs, report.Options{}))
//	err = report.WritePlots("plots", runs, report.Options{})
//
// A page begins with a [Glance] of each run: what was trained, whether it is worth using, and what to do next.
//
// It reads what package runlog says that a run writes, and the configuration and the state of its latest checkpoint.
// What is missing, as in runs of older versions, is left out; what cannot be read is said in the notes of a run.
package report
