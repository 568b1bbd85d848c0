package demo

import "strings"

// culture is a stock of names. A name that is not plain ASCII stands before a bar, and
// behind the bar how its owner writes it in an e-mail address. An underscore is a blank.
type culture struct {
	weight        int
	home          string // the city that its people live in, if not in the home market
	given, family []name
}

type name struct{ written, plain string }

func stock(s string) []name {
	var out []name
	for _, word := range strings.Fields(s) {
		written, plain, found := strings.Cut(strings.ReplaceAll(word, "_", " "), "|")
		if !found {
			plain = strings.ToLower(written)
		}
		out = append(out, name{written, plain})
	}
	return out
}

// cultures are in no order; weight is how common each is among MInt's customers.
var cultures = []culture{
	{26, "Lagos", stock("Adébáyọ̀|adebayo Olúwaṣẹ́gun|oluwasegun Títílayọ̀|titilayo Fọlákẹ́|folake Babátúndé|babatunde Adéọlá|adeola Kẹ́hìndé|kehinde Táíwò|taiwo Ọmọ́tọ́lá|omotola Ṣadé|sade Bọ́lá|bola Yétúndé|yetunde Damilola Tunde Simisola Ayodele"),
		stock("Adéyẹmí|adeyemi Ọ̀ṣúndáre|osundare Akíndélé|akindele Fálọlá|falola Bakare Ògúnlẹ́yẹ|ogunleye Adebisi Oyèlárán|oyelaran Shonibare Ajayi Olátúnjí|olatunji Fashola")},
	{22, "Port Harcourt", stock("Adaeze Chukwuemeka Ngọzi|ngozi Obinna Chidinma Ifeoma Ụchenna|uchenna Ikechukwu Nneka Kelechi Amarachi Ebele Chiamaka Ṅwando|nwando Onyekachi Somtochukwu"),
		stock("Okonkwo Eze Ọkafọ|okafo Nwachukwu Obi Anyanwu Ụzọma|uzoma Ṅwosu|nwosu Okorie Mbah Ibekwe Onuoha")},
	{14, "Abuja", stock("Halima Ibrahim Amina Sani Zainab Musa Hauwa Ɗanladi|danladi Fatima Yusuf Maryam Bello Safiya Ƙasim|kasim"),
		stock("Abdullahi Ɗantata|dantata Yarima Gwandu Lawal Shehu Bichi Maiwada Katsina Tanko")},
	{7, "Accra", stock("Kwame Akosua Kofi Ama Yaw Efua Kojo Abena Ɛsi|esi Kwabena"), stock("Mensah Owusu Boateng Asante Agyeman Ɔfori|ofori Addo Quaye")},
	{6, "Nairobi", stock("Wanjiru Otieno Achieng Kipchoge Njeri Mwangi Wambui Barasa Nyambura Kiprono"), stock("Kamau Ochieng Wekesa Kariuki Mutua Njoroge Cheruiyot Odhiambo")},
	{6, "London", stock("Harriet Oliver Imogen Rhys Gemma Callum Beatrice Nigel Poppy Alistair Zoë|zoe"), stock("Featherstone Whitlock Ashdown Pemberton Hargreaves Cholmondeley Thistlewood Marsh O'Rourke|orourke")},
	{5, "Gdańsk", stock("Małgorzata|malgorzata Paweł|pawel Agnieszka Łukasz|lukasz Zofia Krzysztof Bożena|bozena Grażyna|grazyna"), stock("Wiśniewska|wisniewska Dąbrowski|dabrowski Wójcik|wojcik Żurawski|zurawski Śliwa|sliwa Gołąb|golab Brzęczyszczykiewicz|brzeczyszczykiewicz")},
	{4, "Hamburg", stock("Jürgen|juergen Käthe|kaethe Sören|soeren Liesel Björn|bjoern Anneliese Friedrich"), stock("Müllenbach|muellenbach Weiß|weiss Groß|gross Schäferling|schaeferling von_der_Heide|vonderheide Kröger|kroeger")},
	{4, "Lyon", stock("Chloé|chloe Jean-Baptiste|jean-baptiste Maëlys|maelys Rémi|remi Hélène|helene François|francois Anaïs|anais"), stock("Moreau Lefèvre|lefevre d'Aubigny|daubigny Beaulieu Garçon|garcon Le_Goff|legoff")},
	{4, "São Paulo", stock("João|joao Conceição|conceicao Luíza|luiza Otávio|otavio Thaís|thais Sebastião|sebastiao"), stock("Araújo|araujo da_Conceição|daconceicao Guimarães|guimaraes Brandão|brandao dos_Anjos|dosanjos")},
	{3, "Porto", stock("Inês|ines Tomás|tomas Graça|graca Duarte Leonor"), stock("Magalhães|magalhaes Queirós|queiros Sá_Carneiro|sacarneiro Falcão|falcao")},
	{4, "Zaragoza", stock("Begoña|begona Íñigo|inigo Sofía|sofia Ramón|ramon Pilar José_María|josemaria"), stock("Ibáñez|ibanez Muñoz_Cañedo|munozcanedo Peñalver|penalver Aragonés|aragones Güell|guell")},
	{4, "Cairo", stock("محمد|mohamed فاطمة|fatma أحمد|ahmed ليلى|laila يوسف|youssef نور_الهدى|nourelhoda عبد_الرحمن|abdelrahman مريم|mariam"), stock("الأنصاري|alansari المصري|almasri حسنين|hassanein الشريف|elsherif بن_عاشور|benachour عبد_الحميد|abdelhamid")},
	{3, "Haifa", stock("שרה|sarah דוד|david נועה|noa איתן|eitan רבקה|rivka יונתן|yonatan"), stock("כהן־לוי|cohen-levi מזרחי|mizrahi בן־דוד|ben-david שפירא|shapira אברמוביץ׳|abramovich")},
	{4, "Hà Nội", stock("Thị_Hạnh|thihanh Văn_Đức|vanduc Ngọc_Ánh|ngocanh Quốc_Tuấn|quoctuan Thuỳ_Dương|thuyduong Minh_Khôi|minhkhoi"), stock("Nguyễn|nguyen Trần|tran Phạm|pham Đặng|dang Huỳnh|huynh Võ|vo")},
	{3, "Taipei", stock("小龍|xiaolong 淑芬|shufen 志明|zhiming 美玲|meiling 雅婷|yating 建宏|jianhong"), stock("陳|chen 林|lin 歐陽|ouyang 黃|huang 諸葛|zhuge")},
	{3, "Osaka", stock("さくら|sakura 健二|kenji 陽菜|hina 大輔|daisuke ひろみ|hiromi"), stock("中島|nakajima 佐々木|sasaki 渡邊|watanabe 小鳥遊|takanashi 勅使河原|teshigawara")},
	{2, "Seoul", stock("민준|minjun 서연|seoyeon 지훈|jihun 하은|haeun"), stock("김|kim 박|park 남궁|namgung 황보|hwangbo 최|choi")},
	{4, "Pune", stock("अनुष्का|anushka अर्जुन|arjun लक्ष्मी|lakshmi விஜய்|vijay கவிதா|kavitha Arjun Meenakshi Rahul"), stock("Raghunathan कुलकर्णी|kulkarni श्रीवास्तव|shrivastava சுப்பிரமணியன்|subramanian Deshpande Venkataramanan")},
	{2, "Chiang Mai", stock("สมชาย|somchai กัญญารัตน์|kanyarat ณัฐวุฒิ|nattawut พิมพ์ชนก|pimchanok"), stock("ศรีสุวรรณ|srisuwan วงศ์ใหญ่|wongyai จันทร์เพ็ญ|chanphen รัตนโกสินทร์|rattanakosin")},
	{2, "Volos", stock("Ελένη|eleni Γιώργος|giorgos Αθηνά|athina Ορέστης|orestis"), stock("Παπαδοπούλου|papadopoulou Οικονόμου|oikonomou Χατζηδάκης|chatzidakis")},
	{3, "Lviv", stock("Олександр|oleksandr Соломія|solomiia Ярослав|yaroslav Їжакевич|yizhakevych Дарина|daryna"), stock("Шевчук|shevchuk Коваленко|kovalenko Дем'яненко|demianenko Ґудзь|gudz")},
	{2, "Galway", stock("Siobhán|siobhan Pádraig|padraig Caoimhe Ruairí|ruairi"), stock("Ní_Dhomhnaill|nidhomhnaill Mac_Giolla_Phádraig|macgiollaphadraig Ó_Súilleabháin|osuilleabhain Burke")},
	{3, "İzmir", stock("Ayşe|ayse İbrahim|ibrahim Gülşah|gulsah Çağrı|cagri Işıl|isil"), stock("Yıldırım|yildirim Öztürk|ozturk Şahinoğlu|sahinoglu Kılıç|kilic")},
	{1, "Akureyri", stock("Þórunn|thorunn Ægir|aegir Guðrún|gudrun"), stock("Sigurðardóttir|sigurdardottir Þorvaldsson|thorvaldsson")},
}

// longNames are for those whose name no table was drawn for.
var longNames = []struct{ given, family name }{
	{name{"Wilhelmina Alexandrina Josephine", "wilhelmina"}, name{"Featherstonehaugh-Cholmondeley de Montmorency", "featherstonehaugh"}},
	{name{"Oluwatobiloba Ayọ̀délé Ifẹ́olúwa", "oluwatobiloba"}, name{"Adéṣínà-Ọlátúbọ̀sún Akínwándé Fágbénrò", "adesina"}},
	{name{"María de los Ángeles Guadalupe", "mariadelosangeles"}, name{"Fernández de Córdoba y Ruiz-Giménez", "fernandezdecordoba"}},
	{name{"Karl-Theodor Maximilian Johann", "karltheodor"}, name{"Freiherr von Hohenstein-Wallersburg zu Ahrenfeld", "hohenstein"}},
	{name{"Pedro Henrique Sebastião Joaquim", "pedrohenrique"}, name{"de Albuquerque Cavalcanti Wanderley Figueiredo", "albuquerque"}},
	{name{"عبد الرحمن محمد صلاح الدين عبد العزيز", "abdelrahman"}, name{"بن عبد الله الحسيني الأنصاري الشافعي", "alhusseini"}},
}
