package pages

import (
	"strconv"

	"github.com/boombuler/barcode/qr"
)

// quietZone is the free space round a code, in modules (ISO/IEC 18004 §6.3.8).
const quietZone = 4

// QR draws a text as a code of black squares on white, whatever the colour
// scheme: cameras read no other.
func QR(content string) ([]byte, error) {
	code, err := qr.Encode(content, qr.L, qr.Auto)
	if err != nil {
		return nil, err
	}
	size := code.Bounds().Dx()
	side := strconv.Itoa(size + 2*quietZone)
	out := make([]byte, 0, size*size*6)
	out = append(out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 `+side+" "+side+`" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h`+side+"v"+side+`H0z"/><path d="`...)
	dark := func(x, y int) bool {
		r, _, _, _ := code.At(x, y).RGBA()
		return r == 0
	}
	for y := range size {
		for x := 0; x < size; x++ {
			run := 0
			for x+run < size && dark(x+run, y) {
				run++
			}
			if run == 0 {
				continue
			}
			out = append(out, 'M')
			out = strconv.AppendInt(out, int64(x+quietZone), 10)
			out = append(out, ' ')
			out = strconv.AppendInt(out, int64(y+quietZone), 10)
			out = append(out, 'h')
			out = strconv.AppendInt(out, int64(run), 10)
			out = append(out, "v1h-"...)
			out = strconv.AppendInt(out, int64(run), 10)
			out = append(out, 'z')
			x += run
		}
	}
	return append(out, `"/></svg>`...), nil
}
