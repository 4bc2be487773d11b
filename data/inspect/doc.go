// Package inspect tells what is in a data set before a model is trained on it: how long its texts are, how its labels
// are balanced, and what would make an evaluation worth less than it looks.
//
//	set, err := parquetio.Open("train.parquet")
//	roles, err := inspect.FindRoles(set.Columns(), inspect.Roles{})
//	measure := inspect.Measure{Tokenizer: tok, MaxInput: 512, MaxTarget: 128}
//	description, err := inspect.Describe(ctx, set, inspect.DescribeOptions{Roles: roles, Measure: measure})
//	splits := []inspect.Split{{"train", set}, {"validation", heldOut}}
//	report, err := inspect.Check(ctx, splits, inspect.CheckOptions{Roles: roles, Measure: measure})
//	// report.Findings: "12 rows of validation have texts of train", validation.parquet:3, ...
//
// Lengths are in tokens with the token that ends a sequence, as the limits of training count them. Columns are measured
// by themselves: what a task puts in front of a text, or between two, comes on top.
package inspect
