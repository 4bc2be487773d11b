package report

import (
	"fmt"
	"html"
	"image/color"
	"strings"
)

// svgCanvas writes SVG. Its texts are in the reader's fonts.
type svgCanvas struct {
	b             strings.Builder
	width, height float64
}

// svgFonts begins with the font that texts are measured by.
const svgFonts = `Go, 'Helvetica Neue', Helvetica, Arial, sans-serif`

func newSVG(width, height float64) *svgCanvas {
	s := &svgCanvas{width: width, height: height}
	fmt.Fprintf(&s.b, `<svg xmlns="http://www.w3.org/2000/svg" width="%g" height="%g" viewBox="0 0 %[1]g %[2]g" font-family="%s">`+"\n", width, height, svgFonts)
	s.b.WriteString(`<rect width="100%" height="100%" fill="#ffffff"/>` + "\n")
	return s
}

func (s *svgCanvas) bytes() []byte { return []byte(s.b.String() + "</svg>\n") }

func (s *svgCanvas) polyline(points []point, k stroke) {
	s.b.WriteString(`<path d="`)
	for i, p := range points {
		fmt.Fprintf(&s.b, "%c%.2f %.2f", "ML"[min(i, 1)], p.x, p.y)
	}
	fmt.Fprintf(&s.b, `" fill="none" stroke="%s" stroke-width="%g" stroke-linejoin="round" stroke-linecap="round"`,
		hex(k.color), k.width)
	if k.faint {
		fmt.Fprintf(&s.b, ` opacity="%g"`, faintness)
	}
	if k.dashed {
		fmt.Fprintf(&s.b, ` stroke-dasharray="%g %g"`, dash, gap)
	}
	s.b.WriteString("/>\n")
}

func (s *svgCanvas) disc(c point, radius float64, col color.RGBA, ring bool) {
	fill, width := hex(col), 0.0
	if ring {
		fill, width = "#ffffff", ringWidth
	}
	fmt.Fprintf(&s.b, `<circle cx="%.2f" cy="%.2f" r="%g" fill="%s" stroke="%s" stroke-width="%g"/>`+"\n", c.x, c.y,
		radius, fill, hex(col), width)
}

// ringWidth is how wide the line of a ring is.
const ringWidth = 1.6

func (s *svgCanvas) text(at point, size float64, a anchor, bold bool, c color.RGBA, text string) {
	weight := ""
	if bold {
		weight = ` font-weight="bold"`
	}
	fmt.Fprintf(&s.b, `<text x="%.2f" y="%.2f" font-size="%g" text-anchor="%s" fill="%s"%s>%s</text>`+"\n",
		at.x, at.y, size, [...]string{startsAt: "start", centeredAt: "middle", endsAt: "end"}[a], hex(c), weight,
		html.EscapeString(legible(text)))
}

// legible leaves out what XML has no place for.
func legible(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0xFFFE || r == 0xFFFF {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
}

func hex(c color.RGBA) string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }
