package a
import (
	"b"
)
type S struct {
	A int `json:"a"`
}
func (s *S) F(a, b int) (x error) {
	if v := f(); v != nil {
		return v
	}
	for i := range y {
	}
	func() { }()
}
