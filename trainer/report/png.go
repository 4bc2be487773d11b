package report

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	fixedpoint "golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// pixels is how many a point has on each side: a plot as wide as a column of a paper has 400 an inch.
const pixels = 3

// typeface is the Go font in two weights.
type typeface struct{ regular, bold *opentype.Font }

func newTypeface() (t typeface, err error) {
	if t.regular, err = opentype.Parse(goregular.TTF); err == nil {
		t.bold, err = opentype.Parse(gobold.TTF)
	}
	return t, err
}

func (t typeface) face(size float64, bold bool) (font.Face, error) {
	f := t.regular
	if bold {
		f = t.bold
	}
	return opentype.NewFace(f, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingNone})
}

// width returns how wide a text is.
func (t typeface) width(text string, size float64) (float64, error) {
	f, err := t.face(size, false)
	if err != nil {
		return 0, err
	}
	return float64(font.MeasureString(f, text)) / 64, nil
}

// pngCanvas draws pixels.
type pngCanvas struct {
	image *image.RGBA
	fonts typeface
	err   error // the first one
}

func newPNG(width, height float64, fonts typeface) *pngCanvas {
	p := &pngCanvas{image: image.NewRGBA(image.Rect(0, 0, int(width*pixels), int(height*pixels))), fonts: fonts}
	draw.Draw(p.image, p.image.Bounds(), image.White, image.Point{}, draw.Src)
	return p
}

func (p *pngCanvas) bytes() ([]byte, error) {
	if p.err != nil {
		return nil, p.err
	}
	var b bytes.Buffer
	err := png.Encode(&b, p.image)
	return b.Bytes(), err
}

// fill draws shapes together, so that places which several cover are as opaque as others. All shapes go around the same
// way: the rasterizer adds up how often a place is gone around, and other ways would cancel it.
func (p *pngCanvas) fill(c color.Color, shapes [][]point) {
	box := bounds(shapes).Intersect(p.image.Bounds())
	if box.Empty() {
		return
	}
	r := vector.NewRasterizer(box.Dx(), box.Dy())
	for _, shape := range shapes {
		for i, q := range shape {
			x, y := float32(q.x*pixels-float64(box.Min.X)), float32(q.y*pixels-float64(box.Min.Y))
			if i == 0 {
				r.MoveTo(x, y)
			} else {
				r.LineTo(x, y)
			}
		}
		r.ClosePath()
	}
	r.Draw(p.image, box, image.NewUniform(c), image.Point{})
}

// bounds returns the pixels that shapes are in.
func bounds(shapes [][]point) image.Rectangle {
	var box image.Rectangle
	for _, shape := range shapes {
		for _, q := range shape {
			x, y := int(math.Floor(q.x*pixels)), int(math.Floor(q.y*pixels))
			box = box.Union(image.Rect(x, y, x+1, y+1))
		}
	}
	return box
}

func (p *pngCanvas) polyline(points []point, s stroke) {
	parts := [][]point{points}
	if s.dashed {
		parts = dashes(points)
	}
	var shapes [][]point
	for _, part := range parts {
		for i, q := range part {
			shapes = append(shapes, circle(q, s.width/2))
			if i > 0 {
				shapes = append(shapes, segment(part[i-1], q, s.width/2))
			}
		}
	}
	c := color.NRGBA{s.color.R, s.color.G, s.color.B, 0xff}
	if s.faint {
		c.A = uint8(math.Round(faintness * 0xff))
	}
	p.fill(c, shapes)
}

// segment returns the rectangle around a line, nil for one without length.
func segment(a, b point, half float64) []point {
	dx, dy := b.x-a.x, b.y-a.y
	length := math.Hypot(dx, dy)
	if length == 0 {
		return nil
	}
	nx, ny := -dy/length*half, dx/length*half
	return []point{{a.x - nx, a.y - ny}, {b.x - nx, b.y - ny}, {b.x + nx, b.y + ny}, {a.x + nx, a.y + ny}}
}

// circle returns a circle as a polygon, the same way around as segment.
func circle(c point, radius float64) []point {
	const corners = 24
	shape := make([]point, corners)
	for i := range shape {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / corners)
		shape[i] = point{c.x + radius*cos, c.y + radius*sin}
	}
	return shape
}

// dashes cuts a line into its dashes.
func dashes(points []point) [][]point {
	var parts [][]point
	left, drawn := dash, true
	for i, q := range points {
		if i == 0 {
			parts = append(parts, []point{q})
			continue
		}
		from := points[i-1]
		length := math.Hypot(q.x-from.x, q.y-from.y)
		for length > left {
			share := left / length
			from = point{from.x + share*(q.x-from.x), from.y + share*(q.y-from.y)}
			length -= left
			if last := len(parts) - 1; drawn {
				parts[last] = append(parts[last], from)
			} else {
				parts = append(parts, []point{from})
			}
			if drawn = !drawn; drawn {
				left = dash
			} else {
				left = gap
			}
		}
		left -= length
		if last := len(parts) - 1; drawn {
			parts[last] = append(parts[last], q)
		}
	}
	return parts
}

func (p *pngCanvas) disc(c point, radius float64, col color.RGBA, ring bool) {
	if !ring {
		p.fill(col, [][]point{circle(c, radius)})
		return
	}
	p.fill(col, [][]point{circle(c, radius+ringWidth/2)})
	p.fill(color.White, [][]point{circle(c, radius-ringWidth/2)})
}

func (p *pngCanvas) text(at point, size float64, a anchor, bold bool, c color.RGBA, text string) {
	face, err := p.fonts.face(size*pixels, bold)
	if err != nil {
		p.err = fmt.Errorf("draw text: %w", err)
		return
	}
	d := font.Drawer{Dst: p.image, Src: image.NewUniform(c), Face: face}
	x := fixedpoint.Int26_6(at.x * pixels * 64)
	switch width := d.MeasureString(text); a {
	case centeredAt:
		x -= width / 2
	case endsAt:
		x -= width
	}
	d.Dot = fixedpoint.Point26_6{X: x, Y: fixedpoint.Int26_6(at.y * pixels * 64)}
	d.DrawString(text)
}
