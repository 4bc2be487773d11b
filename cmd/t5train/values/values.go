// Package values refuses values of the command line that no command can use, before any work.
//
//	err := values.Check(c, args)
package values

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const (
	maxCount    = math.MaxInt32        // of any flag that counts something
	maxThreads  = 1024                 // more than any machine has processors
	maxExamples = 1 << 20              // that are computed or wait at a time
	maxTokens   = 1 << 20              // of one text
	maxNumber   = 1_000_000            // of any flag that takes a number: it stays finite in float32
	maxDuration = 365 * 24 * time.Hour // of any flag that takes a time
)

// CountLimits are the largest values of the flags that decide about memory or the number of threads. They are far
// beyond what is of use. The keys of a configuration have the same.
var CountLimits = map[string]int64{
	"threads": maxThreads, "workers": maxThreads, "cores": maxThreads,
	"batch-size": maxExamples, "max-inputs": maxExamples, "queue": maxExamples, "max-connections": maxExamples,
	"beams": 1024, "return-sequences": 1024, "max-beams": 1024, // as in package generate
	"input-length": maxTokens, "max-input-length": maxTokens, "max-target-length": maxTokens,
	"max-output-length": maxTokens, "min-output-length": maxTokens,
	"vocab-size": 10_000_000, "extra-ids": 1 << 16, // as in packages vocabulary and tokenizer
	"max-body": 1 << 40, // bytes
	"batch":    maxExamples, "gen-batch": maxExamples,
	"enc": maxTokens, "dec": maxTokens, "gen-enc": maxTokens, "new-tokens": maxTokens,
}

// Check refuses the values of flags and the arguments that no command can use: empty ones, ones with a NUL byte,
// numbers that are not finite, counts below 0 and numbers beyond their limits.
func Check(c *cobra.Command, args []string) error {
	var wrong error
	c.Flags().Visit(func(f *pflag.Flag) {
		if problem := CheckFlag(f); wrong == nil && problem != "" {
			wrong = fmt.Errorf("--%s %s", f.Name, problem)
		}
	})
	for _, arg := range args {
		if problem := checkText(arg, SomeText); wrong == nil && problem != "" {
			wrong = fmt.Errorf("an argument %s", problem)
		}
	}
	return wrong
}

// CheckFlag returns what is wrong with the value of a flag, or "".
func CheckFlag(f *pflag.Flag) string {
	if list, ok := f.Value.(pflag.SliceValue); ok {
		texts := list.GetSlice()
		if len(texts) == 0 {
			return empty
		}
		for _, text := range texts {
			switch problem := checkText(text, TakesText(f)); problem {
			case "":
			case empty:
				return "has an empty value: leave it out"
			default:
				return problem
			}
		}
		return ""
	}
	switch text := f.Value.String(); f.Value.Type() {
	case "string":
		return checkText(text, TakesText(f))
	case "int", "int64":
		return checkCount(f.Name, text)
	case "float64":
		return checkNumber(text)
	case "duration":
		return checkDuration(text)
	}
	return ""
}

const empty = "is empty: give it a value, or leave it out"

// TextRule says which texts a flag takes.
type TextRule int

// What a flag takes.
const (
	SomeText  TextRule = iota // not empty, and not only spaces: names and paths
	SpaceText                 // not empty; only spaces will do
	AnyText                   // any, also the empty text
)

// TakesText returns the rule for a flag.
func TakesText(f *pflag.Flag) TextRule {
	many := f.Value.Type() == "stringArray"
	switch f.Name {
	case "prefix": // without one, where the task has one
		return AnyText
	case "text", "target", "ids":
		if many { // else it is a path
			return AnyText
		}
	case "output-prefix", "delimiter", "bad-words", "choices", "labels":
		return SpaceText
	}
	return SomeText
}

func checkText(text string, rule TextRule) string {
	switch {
	case rule < AnyText && text == "", rule < SpaceText && strings.TrimSpace(text) == "":
		return empty
	case strings.ContainsRune(text, 0):
		return fmt.Sprintf("%q: want text without the byte 0: remove it", text)
	}
	return ""
}

// CountLimit returns the largest value of a flag that counts something.
func CountLimit(name string) int64 {
	if limit, ok := CountLimits[name]; ok {
		return limit
	}
	return maxCount
}

// checkCount checks an integer. A seed counts nothing.
func checkCount(name, text string) string {
	n, err := strconv.ParseInt(text, 10, 64)
	switch limit := CountLimit(name); {
	case err != nil:
		return fmt.Sprintf("%s: want an integer", text)
	case n < 0:
		return fmt.Sprintf("%d: want at least 0", n)
	case n > limit && name != "seed":
		return fmt.Sprintf("%d: want at most %d", n, limit)
	}
	return ""
}

// checkNumber checks a number. Few may be negative, which the commands know.
func checkNumber(text string) string {
	if x, err := strconv.ParseFloat(text, 64); err != nil || math.Abs(x) > maxNumber || math.IsNaN(x) {
		return fmt.Sprintf("%s: want a number of at most %d", text, maxNumber)
	}
	return ""
}

func checkDuration(text string) string {
	switch d, err := time.ParseDuration(text); {
	case err != nil || d < 0:
		return text + ": want at least 0s"
	case d > maxDuration:
		return fmt.Sprintf("%s: want at most %s", text, maxDuration)
	}
	return ""
}
