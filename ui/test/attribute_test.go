package uitest

import (
	"fmt"
	"testing"
)

func TestAttribute_showsItsValuesAndWarnsOfNumbersThatAreText(t *testing.T) {
	t.Parallel()
	s := serve(t, true, nil)
	for i, plan := range []string{"Fibre 100", "Fibre 100", "<b>Lite</b>"} {
		s.must("PUT", fmt.Sprintf("/v1/users/u%d", i), fmt.Sprintf(`{"meta":{"plan":%q,"usage/gb":"%d"}}`, plan, 79+i))
	}
	s.must("PUT", "/v1/users/u9", `{"first_name":"Ada"}`)
	s.segment("On fibre", `{"attribute":"plan","op":"is","value":"Fibre 100"}`)
	b := s.signedIn()
	b.open("/app/attributes")
	b.click("td a", "plan")
	b.wait(`document.querySelector("h1").innerText === "plan" && document.querySelector(".head-line").innerText.includes("3 of 4 customers")`)
	b.wait(`[...document.querySelectorAll(".attribute-two tbody tr")].map((r) => r.innerText.trim().replace(/\s+/g, " ")).join() === "Fibre 100 2 67 %,<b>Lite</b> 1 33 %"`)
	b.says("On fibre")
	if b.is(`document.querySelector(".warning") !== null`) {
		t.Error("plain texts are warned of")
	}
	b.fits("an attribute")
	b.shoot("attribute")
	b.open("/app/attributes/usage%2Fgb")
	b.says("3 customers have a number that came as text")
	b.look(390, true)
	b.open("/app/attributes/usage%2Fgb")
	b.fits("an attribute at 390 px")
	b.expect("status of 404")
	b.open("/app/attributes/none")
	b.says("No such attribute")
}
