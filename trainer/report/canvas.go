package report

import "image/color"

// canvas is what a plot is drawn on. Places are in points, from the top left corner.
type canvas interface {
	polyline(points []point, s stroke)
	// disc fills a circle; with a ring it is white inside.
	disc(center point, radius float64, c color.RGBA, ring bool)
	// text writes a line; its base line begins at the place, or ends or has its middle there.
	text(at point, size float64, a anchor, bold bool, c color.RGBA, text string)
}

type point struct{ x, y float64 }

type stroke struct {
	color  color.RGBA
	width  float64
	faint  bool // barely to be seen
	dashed bool
}

// faintness is the opacity of what is barely to be seen, dash and gap the lengths of a dashed line.
const (
	faintness = 0.3
	dash, gap = 6.0, 4.0
)

type anchor int

const (
	startsAt anchor = iota
	centeredAt
	endsAt
)

// The colours of curves are Okabe and Ito's, which people who are colour-blind tell apart: darkened for white paper,
// and lightened for the page's dark theme.
var (
	palette = [...]color.RGBA{
		{0x00, 0x72, 0xb2, 0xff}, {0xd5, 0x5e, 0x00, 0xff}, {0x00, 0x9e, 0x73, 0xff}, {0xb6, 0x5e, 0x91, 0xff},
		{0xc9, 0x85, 0x00, 0xff}, {0x2c, 0x9b, 0xd6, 0xff}, {0x3d, 0x43, 0x4d, 0xff}, {0x7d, 0x72, 0x00, 0xff},
	}
	onDark = [len(palette)]color.RGBA{
		{0x58, 0xa6, 0xe8, 0xff}, {0xff, 0x8a, 0x4c, 0xff}, {0x2c, 0xc7, 0x9a, 0xff}, {0xe2, 0x9b, 0xc4, 0xff},
		{0xf2, 0xb8, 0x4b, 0xff}, {0x8f, 0xd3, 0xf5, 0xff}, {0xd0, 0xd4, 0xdb, 0xff}, {0xf0, 0xe4, 0x42, 0xff},
	}
)

var (
	ink   = color.RGBA{0x1a, 0x1e, 0x26, 0xff}
	quiet = color.RGBA{0x5a, 0x62, 0x70, 0xff}
	rule  = color.RGBA{0xb9, 0xc0, 0xca, 0xff}
	grid  = color.RGBA{0xe8, 0xeb, 0xf0, 0xff}
)
