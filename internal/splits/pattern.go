package splits

import (
	"regexp"
	"strings"
)

// compile returns what a pattern matches, as fsspec has it: * and ? within a name, ** over folders.
func compile(pattern string) (*regexp.Regexp, error) {
	var b strings.Builder
	b.WriteString(`(?s)\A`)
	for i := 0; i < len(pattern); {
		rest := pattern[i:]
		begins := i == 0 || pattern[i-1] == '/'
		match, n := regexp.QuoteMeta(rest[:1]), 1
		switch {
		case begins && strings.HasPrefix(rest, "**/"):
			match, n = `(?:.+/)?`, 3
		case strings.HasPrefix(rest, "**"):
			match, n = `.*`, 2
		case begins && (rest == "*" || strings.HasPrefix(rest, "*/")):
			match = `[^/]+`
		case rest[0] == '*':
			match = `[^/]*`
		case rest[0] == '?':
			match = `[^/]`
		case rest[0] == '[':
			if n = classEnd(rest); n > 1 {
				match = class(rest[1 : n-1])
			}
		}
		b.WriteString(match)
		i += n
	}
	b.WriteString(`\z`)
	return regexp.Compile(b.String())
}

// classEnd returns the length of the class that a pattern begins with, such as [!0-9], and 1 where it does not end.
func classEnd(pattern string) int {
	pattern, _, _ = strings.Cut(pattern, "/")
	first := 1
	if strings.HasPrefix(pattern[first:], "!") {
		first++
	}
	if strings.HasPrefix(pattern[first:], "]") { // a member
		first++
	}
	end := strings.IndexByte(pattern[first:], ']')
	if end < 0 {
		return 1
	}
	return first + end + 1
}

// class returns a class of characters, of what stands between its brackets.
func class(members string) string {
	members, not := strings.CutPrefix(members, "!")
	members = strings.NewReplacer(`\`, `\\`, `[`, `\[`, `]`, `\]`, `^`, `\^`).Replace(members)
	if not {
		members = "^" + members
	}
	return "[" + members + "]"
}
