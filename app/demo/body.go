package demo

import (
	"strconv"

	"kith/app"
)

// body writes a JSON object member by member, in order.
type body struct{ b []byte }

func (o *body) raw(name string, value []byte) *body {
	if len(o.b) == 0 {
		o.b = append(o.b, '{')
	} else {
		o.b = append(o.b, ',')
	}
	o.b = append(append(app.AppendQuote(o.b, name), ':'), value...)
	return o
}

func (o *body) text(name, value string) *body { return o.raw(name, app.Quote(value)) }

// some writes a text unless it is empty.
func (o *body) some(name, value string) *body {
	if value == "" {
		return o
	}
	return o.text(name, value)
}

func (o *body) number(name string, value float64, decimals int) *body {
	return o.raw(name, strconv.AppendFloat(nil, value, 'f', decimals, 64))
}

func (o *body) boolean(name string, value bool) *body {
	return o.raw(name, strconv.AppendBool(nil, value))
}

func (o *body) texts(name string, values []string) *body {
	list := []byte{'['}
	for i, v := range values {
		if i > 0 {
			list = append(list, ',')
		}
		list = app.AppendQuote(list, v)
	}
	return o.raw(name, append(list, ']'))
}

func (o *body) bytes() []byte {
	if len(o.b) == 0 {
		return []byte("{}")
	}
	return append(o.b[:len(o.b):len(o.b)], '}')
}
