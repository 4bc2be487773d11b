// Package inspect tells what is in a data set before a model is trained on it: how long its texts are, how its labels
// are balanced, and what would make an evaluation worth less than it looks.
//
//	set, err := parquetio.Open("train.parquet")
//	roles, err := survey.FindRoles(set.Columns(), survey.Roles{})
//	description, err := survey.Describe(ctx, set, survey.DescribeOptions{Roles: roles, Measure: survey.Measure{Tokenizer: tok, MaxInput: 512, MaxTarget: 128}})
//	report, err := survey.Check(ctx, []survey.Split{{"train", set}, {"validation", heldOut}}, survey.CheckOptions{...})
//	// report.Findings: "12 rows of validation have texts of train", validation.parquet:3, ...
//
// Lengths are in tokens with the token that ends a sequence, as the limits of training count them. Columns are measured
// by themselves: what a task puts in front of a text, or between two, comes on top.
package inspect
