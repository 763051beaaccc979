package chdb

import (
	"runtime"
	"unsafe"
)

// cParams are the four parallel arrays in which the C functions take the values of placeholders.
type cParams struct {
	names, nameLens, values, valueLens unsafe.Pointer
	count                              uintptr
}

func pinParams(pin *runtime.Pinner, params map[string]string) cParams {
	if len(params) == 0 {
		return cParams{}
	}
	var names, values []unsafe.Pointer
	var nameLens, valueLens []uintptr
	for name, value := range params {
		names, nameLens = append(names, bytesOf(pin, name)), append(nameLens, uintptr(len(name)))
		values, valueLens = append(values, bytesOf(pin, value)), append(valueLens, uintptr(len(value)))
	}
	pin.Pin(&names[0])
	pin.Pin(&nameLens[0])
	pin.Pin(&values[0])
	pin.Pin(&valueLens[0])
	return cParams{
		names: unsafe.Pointer(&names[0]), nameLens: unsafe.Pointer(&nameLens[0]),
		values: unsafe.Pointer(&values[0]), valueLens: unsafe.Pointer(&valueLens[0]),
		count: uintptr(len(params)),
	}
}

// bytesOf returns a pinned NUL-terminated copy of text: the C side takes the length too, but reads names up to NUL in places.
func bytesOf(pin *runtime.Pinner, text string) unsafe.Pointer {
	copied := append([]byte(text), 0)
	pin.Pin(&copied[0])
	return unsafe.Pointer(&copied[0])
}

func cStrings(texts []string) []*byte {
	pointers := make([]*byte, len(texts))
	for i, text := range texts {
		pointers[i] = &append([]byte(text), 0)[0]
	}
	return pointers
}
