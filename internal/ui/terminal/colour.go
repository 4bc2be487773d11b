package terminal

import "os"

// colour is what a terminal writes a text in.
type colour string

// The colours of the first words of a line; all else is in the colour of the terminal.
const (
	yellow colour = "33" // of a warning
	red    colour = "31" // of an error
)

// in returns a text in a colour, or as it is on a console without colours.
func (c *Console) in(with colour, text string) string {
	if !c.coloured {
		return text
	}
	return "\x1b[" + string(with) + "m" + text + "\x1b[0m"
}

// wantsColour reports whether colours are wanted and understood: see https://no-color.org. A terminal that says nothing
// about itself, as that of Windows, gets none.
func wantsColour() bool {
	kind := os.Getenv("TERM")
	return os.Getenv("NO_COLOR") == "" && kind != "" && kind != "dumb"
}
