"""Names, addresses and numbers of each country: one grammar per locale."""

from dataclasses import dataclass, field

from workbench.samples.grammar import words

# ruff: noqa: E501 -- tables, one line a rule
# fmt: off
_EN_NAMES = {
    "first": words("James Mary Robert Linda David Susan Daniel Karen Paul Helen Mark Ruth Peter Alice Simon Laura Ahmad Siti Wei Mei Kumar Priya Chong Farah Hafiz Nurul Jason Vincent Grace"),
    "surname": words("Carter Hughes Bennett Walsh Fraser Dixon Harper Lawson Merritt Osborne Pearson Quinn Radley Sutton Tate Vaughn Whitaker Yates Abbott Baxter Coleman Drake Ellison Fletcher Garner Holt <inv> <inv> <inv>"),
    "trade": ["Trading", "Enterprise", "Supplies", "Hardware", "Electrical", "Logistics", "Foods", "Bakery", "Auto Parts", "Stationery", "Printing", "Furniture", "Pharmacy", "Mini Market", "Restaurant", "Cafe", "Seafood", "Motors", "Engineering", "Packaging", "Textiles", "Marketing", "Services", "Holdings", "Industries", "Optical", "Books", "Consulting", "Software", "Cleaning Services", "Plumbing", "Garden Centre", "Tyres & Battery", "Health Care", "Petroleum", "Service Station", "Fresh Mart", "Superstore", "Home Deco", "Paint Centre", "Lighting", "Catering", "Steel Works", "Chemicals", "Medical Supplies", "Kopitiam", "Steamboat", "Curry House", "Grill", "Noodle House", "Bistro", "Cash & Carry", "Wholesale", "Department Store", "Toys & Gifts", "Fashion", "Shoes", "Telecom", "Computers", "Digital", "Office Systems", "Security", "Travel & Tours", "Laundry", "Pet Shop", "Hair Studio"],
    "adjective": words("Golden Silver Royal United Pacific Northern Evergreen Bright Prime Classic Modern Grand Happy Lucky New Star Sunrise Blue Red Green Global Summit Crystal Central Metro Union First Century Eagle Lotus Orchid"),
    "core": ["<surname> <trade>", "<inv> <trade>", "<inv> <inv> <trade>", "<adjective> <trade>", "<adjective> <inv> <trade>", "<surname> & <surname>", "<surname> & Sons <trade>", "@@@ <trade>", "@.@. <surname> <trade>", "<inv>", "<inv> <inv>", "<inv> (@) <trade>", "@@<inv> <trade>", "<inv>-<inv> <trade>", "The <adjective> <inv>", "<adjective> <adjective> <trade>", "@ & @ <trade>", "<inv> <trade> & <trade>", "<inv> <trade> (<inv>)", "## <trade>", "<inv> @@@ <trade>", "<first>'s <trade>"],
    "item": ["<what>", "<what> <size>", "<kind> <what>", "<kind> <what> <size>", "<inv> <what> <size>", "<inv> <kind> <what>", "<what> @@-##", "<what> (<kind>)", "<what> <size> x %", "<inv> <what>"],
    "what": words("Rice|Flour|Cooking Oil|Milk|Bread|Coffee|Tea|Sugar|Eggs|Chicken|Fish Ball|Noodle|Soup|Fried Rice|Mineral Water|Orange Juice|Soap|Shampoo|Tissue|Battery AA|Light Bulb|Cable|Screw|Nail|Paint Brush|Sandpaper|Hammer|Adaptor|Marker Pen|Notebook|A4 Paper|Envelope|File Folder|Stapler|Ink Cartridge|Toner|Mouse|Keyboard|Monitor|Chair|DocumentEditor Lamp|Filter|Engine Oil|Brake Pad|Wiper|Consulting|Maintenance|Installation|Licence fee|Hosting|Support hours|Delivery|Labour|Training day|Shirt|Socks|Towel|Mug|Plate|Glue|Tape|Hinge|Pipe 15mm|Valve|Gasket|Sensor|Switch|Plug Top|Bolt M8|Washer|Cement|Tile|Gloves", "|"),
    "kind": words("Fresh Premium Large Small Black White Red Organic Original Standard Heavy Duty Iced Hot Spicy Extra Steel Plastic Set"),
    "size": ["%##g", "%kg", "%##ml", "%L", "1.5L", "%0pcs", "%m", "##mm", "%x##", "%#W", "Box", "Pkt", "S", "M", "XL"],
    "web": ["www.<inv>.com", "www.<inv><inv>.com", "http://<inv>.com"],
    "mail": ["info~<inv>.com", "sales~<inv><inv>.com", "<inv>~gmail.com", "accounts~<inv>.net"],
}


@dataclass(frozen=True)
class Locale:
    """The conventions of one country's invoices."""

    code: str
    language: str
    currency: str  # ISO code
    signs: tuple[str, ...]  # how the currency is printed beside an amount
    numbers: tuple[str, ...]  # how 1234.56 is printed
    dates: tuple[str, ...]  # date patterns, see content.date_text
    rates: tuple[str, ...]  # tax rates in percent
    taxes: tuple[str, ...]  # what the tax is called
    suffixes: tuple[str, ...]  # legal forms
    rules: dict[str, list[str]] = field(hash=False)
    months: str = "January February March April May June July August September October November December"
    weight: float = 1.0
    short_months: str = ""  # where they are not the first three letters


_DMY = (
    "d/m/Y",
    "d/m/Y",
    "d-m-Y",
    "d.m.Y",
    "d/m/y",
    "d-m-y",
    "D M Y",
    "D/M/Y",
    "D-M-Y",
    "D-M-y",
    "D F Y",
    "d M Y",
    "Y-m-d",
    "Y/m/d",
    "dMY",
    "D MU Y",
    "d MU y",
    "d-MU-Y",
    "w, D F Y",
    "w d/m/Y",
    "d/m/Y (w)",
    "j/n/Y",
    "D M, Y",
    "d. m. Y",
)
_MDY = (
    "m/d/Y",
    "m/d/y",
    "n/j/Y",
    "F j, Y",
    "M j, Y",
    "MU d, Y",
    "m-d-Y",
    "Y-m-d",
    "w, F j, Y",
    "M/d/Y",
    "j-M-Y",
    "F d Y",
)
_EN_NUMBERS = ("1,234.56", "1,234.56", "1,234.56", "1234.56")

_MY = {
    **_EN_NAMES,
    "place": words("Bukit Indah|Seri Alam|Desa Jaya|Sungai Dua|Bandar Baru|Kota Damai|Melawati|Permata|Mutiara|Impian|Perdana|<inv>|<inv> <inv>|Sri <inv>|Damai", "|"),
    "no": ["%", "%#", "%##", "No. %#", "No %#", "No.%", "Lot %##", "Lot %-%", "Lot No. %#", "%#A", "G-%#", "PT %###", "%-%-%", "%#, %# & %#", "Unit %-##"],
    "road": ["Jalan <place> %/%", "Jalan <place> %", "Jalan <place>", "Jln <place> %#/%", "Lorong <place> %", "Persiaran <place>", "Jalan %/##@", "Lebuh <place>", "Jalan <surname>", "Jalan Dato <inv>"],
    "area": ["Taman <place>", "Bandar <place>", "Taman Perindustrian <place>", "Pusat Perniagaan <place>", "Kampung <place>", "Seksyen %", "Medan <place>", "<place> Business Park", "Plaza <place>", "<place> Mall, Level %"],
    "town": words("Petaling Jaya|Shah Alam|Ipoh|Klang|Kajang|Seremban|Melaka|Johor Bahru|Kuantan|Alor Setar|Puchong|Rawang|Sungai Petani|Taiping|Muar|Batu Pahat|Kluang|Subang Jaya|Kuala Lumpur|Bayan Lepas", "|"),
    "state": words("Selangor|Perak|Johor|Negeri Sembilan|Melaka|Pahang|Kedah|Pulau Pinang|Wilayah Persekutuan|Selangor Darul Ehsan|Perak Darul Ridzuan|Malaysia|Johor, Malaysia", "|"),
    "post": ["%####"],
    "address": ["<no>, <road>,|<area>,|<post> <town>,|<state>.", "<no>, <road>,|<area>, <post> <town>.", "<no> <road>|<post> <town>|<state>", "<no>, <road>, <area>,|<post> <town>, <state>", "<no>, <road>,|<post> <town>, <state>.", "<area>, <road>,|<post> <town>", "<no>-G, <road>,|<area>,|<town>, <post> <state>", "<no>, <road>, <post> <town>", "Ground Floor, <no>,|<road>,|<post> <town>, <state>"],
    "reg": ["(%#####-@)", "(%###-@)", "(%######-@)", "Co. Reg. No: %#####-@", "Reg No. ##########@#", "(Co. No. %#####-@)", "(ROC: %#####-@)", "######-@", "(JM0######-@)", "20##01######"],
    "tax": ["00##########", "###########", "00#########", "@##-####-########"],
    "phone": ["0%-### ####", "0%-#######", "03-#### ####", "+60% ### ####", "01#-### ####", "0%-########", "(60%) #######"],
}
_SG = {
    **_EN_NAMES,
    "place": words("Tampines|Bedok|Jurong East|Clementi|Toa Payoh|Geylang|Serangoon|Hougang|Yishun|Tuas|<inv>", "|"),
    "road": ["<place> Avenue %", "<place> Street ##", "<place> Road", "<place> Drive", "<surname> Street"],
    "no": ["%##", "Blk %##", "%#", "Block %##@"],
    "address": ["<no> <road>|#0%-##|Singapore %#####", "<no> <road> #0%-## <surname> Building|Singapore %#####", "<no> <road> #%#-## S(%#####)", "<no> <road>,|#0%-%#,|Singapore %#####."],
    "reg": ["Co. Reg: 20#######@", "UEN: 20#######@", "(UEN 19#######@)", "ROC 20#######@"],
    "tax": ["20#######@", "M#-#######-#", "19#######@"],
    "phone": ["6### ####", "+65 6### ####", "Tel: (65) 6#######", "9### ####"],
}
_GB = {
    **_EN_NAMES,
    "road": ["%# <surname> Street", "%## <surname> Road", "Unit % <surname> Industrial Estate", "% High Street", "%# Church Lane", "% The Parade", "<surname> House, % <inv> Way", "Unit %# <adjective> Business Park"],
    "town": words("Leeds|Bristol|Norwich|Derby|Luton|Exeter|Swindon|York|Reading|Stockport|Ipswich|London|Glasgow|Cardiff|Dublin|<inv>ham|<inv>ton", "|"),
    "post": ["@@% %@@", "@% %@@", "@@%# %@@"],
    "address": ["<road>|<town>|<post>", "<road>,|<town> <post>", "<road>|<town>|<post>|United Kingdom", "<road>, <town>, <post>", "<road>,|<town>,|Co. <surname>,|<post>"],
    "reg": ["Company No. 0#######", "Reg. in England No. #######", "Registered in England 0#######", "Co. Reg. ########"],
    "tax": ["GB#########", "GB ### #### ##", "### #### ##", "GB%## #### ##"],
    "phone": ["01### ######", "020 #### ####", "+44 %### ######", "0800 ### ###", "(01##) ### ####"],
}
_US = {
    **_EN_NAMES,
    "road": ["%### <surname> Street", "%## <surname> Ave", "%### N <surname> Blvd", "%#### <surname> Rd", "% <surname> Plaza, Suite %##", "PO Box %###", "%### W %#th St", "%### State Hwy %#", "%## Main Street"],
    "town": words("Austin, TX|Denver, CO|Columbus, OH|Phoenix, AZ|Portland, OR|Boise, ID|Tampa, FL|Albany, NY|Madison, WI|Reno, NV|Seattle, WA|<inv>ville, CA|<inv>, MA|Toronto, ON", "|"),
    "post": ["%####", "%####-####", "0####"],
    "address": ["<road>|<town> <post>", "<road>|<town> <post>|USA", "<road>, <town> <post>", "<road>|Suite %##|<town> <post>", "<road>,|<town>, <post>|United States"],
    "reg": ["License #%#####", "Store #####", "State Reg. ##-#####"],
    "tax": ["##-#######", "EIN ##-#######"],
    "phone": ["(%##) ###-####", "%##-###-####", "1-800-###-####", "+1 %## ### ####", "%##.###.####"],
}
_AU = {
    **_EN_NAMES,
    "road": ["%# <surname> Street", "Shop %, %## <surname> Rd", "Unit %/%# <inv> Drive", "Level %, %## <surname> Parade", "%## <inv> Hwy"],
    "town": words("Geelong VIC|Newcastle NSW|Cairns QLD|Fremantle WA|Hobart TAS|Dandenong VIC|Parramatta NSW|<inv> SA|Durban|Auckland", "|"),
    "post": ["%###"],
    "address": ["<road>|<town> <post>", "<road>, <town> <post>", "<road>|<town> <post>|Australia"],
    "reg": ["ACN ### ### ###", "Reg. No. ### ###"],
    "tax": ["%# ### ### ###", "%##########"],
    "phone": ["(0%) #### ####", "04## ### ###", "1300 ### ###", "0% #### ####"],
}
_IN = {
    **_EN_NAMES,
    "surname": words("Patel|Sharma|Iyer|Reddy|Gupta|Nair|Mehta|Joshi|Khan|Bose|Rao|Desai|<inv>", "|"),
    "road": ["%##, <surname> Complex, M.G. Road", "Plot No. %#, Sector %", "Shop No. %, <surname> Market", "%/#, <surname> Nagar", "%# <inv> Layout, % Cross"],
    "town": words("Pune|Chennai|Nagpur|Kochi|Jaipur|Surat|Indore|Mysuru|Hyderabad|Ahmedabad", "|"),
    "post": ["%##0##", "%#####"],
    "address": ["<road>,|<town> - <post>", "<road>|<town> <post>|India", "<road>, Near <inv> Circle,|<town>-<post>", "<road>, <town> <post>"],
    "reg": ["CIN: U#####MH20##PTC######", "FSSAI No. ##############"],
    "tax": ["##@@@@@####@1Z#", "##@@@@@####@2Z@"],
    "phone": ["+91 %#### #####", "0##-########", "%#########"],
}
_DE = {
    "first": words("Anna Bernd Claudia Dieter Eva Frank Gisela Heiko Ines Jens Katrin Lars Monika Nils Olaf Petra Ralf Sabine Thomas Uwe"),
    "surname": words("Albrecht Brandt Dörfler Eckert Färber Gruber Hartwig Jäger Kessler Lindner Mahler Nägele Oswald Pfeiffer Reuter Seidel Thalmann Ullrich Vogt Wendt Zöller <inv>er <inv>mann"),
    "trade": words("Bürobedarf|Maschinenbau|Elektrotechnik|Metallbau|Logistik|Druckerei|Bäckerei|Getränkehandel|Gartenbau|Sanitär|Werkzeuge|IT-Service|Softwarehaus|Möbelwerk|Baustoffe|Reinigung|Verlag|Medizintechnik|Kältetechnik|Spedition|Apotheke|Autohaus|Tankstelle|Gasthaus|Lebensmittel|Papierwaren|Handel|Handelsgesellschaft|Energie|Beratung|Dachdeckerei|Tischlerei|Feinkost|Drogerie", "|"),
    "core": ["<surname> <trade>", "<trade> <surname>", "<inv> <trade>", "<surname> & <surname>", "<surname> & Söhne", "@@@ <trade>", "<inv>", "<first> <surname>", "<inv>tec", "<inv> Systeme", "<trade> <town>", "Gebr. <surname>", "<inv>werk <town>", "<inv>haus"],
    "road": ["<surname>straße %#", "<surname>str. %", "Hauptstraße %#", "Bahnhofstr. %#", "Am <inv>berg %", "<inv>weg %#@", "Industriestraße %", "Lindenallee %#", "An der <inv>mühle %", "Postfach %# ##", "Marktplatz %"],
    "town": words("Kassel|Ulm|Bremen|Leipzig|Köln|Würzburg|Erfurt|Görlitz|Münster|Bad <inv>ach|<inv>hausen|<inv>stadt|Hannover|Lübeck|Freiburg im Breisgau|Nürnberg|Dortmund|Berlin|Hamburg", "|"),
    "post": ["%####", "%####", "D-%####", "DE %####"],
    "address": ["<road>|<post> <town>", "<road>|<post> <town>", "<road>|<post> <town>|Deutschland", "<road>, <post> <town>", "<road>|D - %#### <town>"],
    "reg": ["HRB %####", "HRB %### B", "HRA %###", "Amtsgericht <town> HRB %####", "Handelsregister <town>, HRB %####"],
    "tax": ["DE%########", "DE %## ### ###", "DE %########"],
    "steuer": ["##/###/#####", "###/####/####", "%#/###/%####", "### ### #### #"],
    "phone": ["0%## / ## ## ##", "+49 %### ######", "0%##-######", "(0%###) #####-0", "0%## #######", "+49 (0) %## - #####"],
    "iban": ["DE## #### #### #### #### ##", "DE####################"],
    "bic": ["@@@@DE@@", "@@@@DE%@@@@"],
    "bank": ["Sparkasse <town>", "Volksbank <town> eG", "<inv> Bank AG", "Kreissparkasse <inv>"],
    "web": ["www.<inv>.de", "www.<inv>-<inv>.de"],
    "mail": ["info~<inv>.de", "rechnung~<inv>.de", "<inv>~t-online.de", "kontakt~<inv>-<inv>.de"],
    "item": ["<what>", "<what> <size>", "<what> @@-###", "<kind> <what>", "<what> <inv>", "<what>, <kind>"],
    "what": words("Schrauben|Kabel|Kopierpapier A4|Toner|Bürostuhl|Schreibtisch|Wartung|Montage|Beratung|Anfahrt|Lizenz|Hosting|Arbeitsstunde|Dichtung|Filter|Pumpe|Ventil|Brötchen|Kaffee|Mineralwasser|Apfelsaft|Käse|Vollmilch|Butter|Tomaten|Waschmittel|Batterien|Leuchtmittel|Handschuhe|Farbe weiß|Fliesen|Zement|Briefumschläge|Ordner|Tinte|Schulung|Versandkosten|Reinigung|Grundgebühr|Diesel|Kurzhaarschnitt|Schnitzel|Pils", "|"),
    "kind": words("groß klein schwarz weiß Bio frisch Standard Premium verzinkt Stahl gemischt monatlich"),
    "size": ["%##g", "%kg", "0,5l", "%L", "%0 Stück", "%m", "##mm", "%x##", "Karton", "M8x%0"],
}
_FR = {
    "first": words("Alain Brigitte Camille Didier Élise Fabien Hélène Jérôme Luc Margaux Nadia Olivier Pascal René Sylvie Thierry"),
    "surname": words("Aubert Besson Chevalier Delmas Fournel Gauthier Hubert Jourdan Lemaire Marchand Noiret Perrault Renard Sauvage Tellier Vasseur <inv>el <inv>ot"),
    "trade": words("Fournitures|Électricité|Plomberie|Boulangerie|Imprimerie|Transports|Informatique|Menuiserie|Matériaux|Conseil|Nettoyage|Pharmacie|Librairie|Mobilier|Distribution|Services|Garage|Traiteur|Optique|Énergie", "|"),
    "core": ["<surname> <trade>", "<trade> <surname>", "<inv> <trade>", "Établissements <surname>", "Ets <surname>", "<surname> Frères", "<inv>", "@@@ <trade>", "Au <adj> <inv>", "Société <inv>", "Le <adj> <inv>"],
    "adj": words("Petit Grand Bon Vieux Joli"),
    "road": ["%# rue <surname>", "%, avenue de <inv>", "%## boulevard <surname>", "%# bis rue de l'Église", "ZI de <inv>", "% place du Marché", "%#, chemin des <inv>s", "BP %##"],
    "town": words("Lyon|Nantes|Dijon|Angers|Rouen|Tours|Limoges|Brest|Amiens|Grenoble|Paris|<inv>-sur-Loire|Saint-<inv>|Bruxelles|Namur", "|"),
    "post": ["%####", "0%###", "F-%####"],
    "address": ["<road>|<post> <town>", "<road>|<post> <town>|France", "<road>, <post> <town>", "<road>|<post> <town> CEDEX"],
    "reg": ["RCS <town> ### ### ###", "SIRET ### ### ### #####", "SIREN #########", "SIRET : ##############", "R.C.S. <town> @ ### ### ###"],
    "tax": ["FR## #########", "FR###########", "FR ## ### ### ###"],
    "phone": ["0% ## ## ## ##", "+33 % ## ## ## ##", "0%.##.##.##.##"],
    "iban": ["FR## #### #### #### #### #### ###", "FR#########################"],
    "bic": ["@@@@FR@@", "@@@@FR@@###"],
    "bank": ["Banque <inv>", "Crédit <inv>", "Caisse <inv>"],
    "web": ["www.<inv>.fr", "<inv>-<inv>.fr"],
    "mail": ["contact~<inv>.fr", "facturation~<inv>.fr"],
    "item": ["<what>", "<what> <size>", "<what> <kind>", "<what> @@-##"],
    "what": words("Papier A4|Cartouche encre|Chaise|Bureau|Main d'œuvre|Déplacement|Abonnement|Hébergement|Câble|Vis inox|Ampoule LED|Pain|Café|Eau minérale|Fromage|Jus d'orange|Formation|Maintenance|Peinture|Carrelage|Ciment|Robinet|Livraison|Filtre|Huile moteur|Enveloppes|Classeur|Menu du jour", "|"),
    "kind": words("noir blanc grand petit bio standard mensuel acier"),
    "size": ["%##g", "%kg", "%L", "x%0", "##mm", "%m", "lot de %"],
}
_NL = {
    "first": words("Anneke Bas Daan Femke Henk Ilse Joost Kees Loes Maarten Pieter Saskia"),
    "surname": words("de Vries|van Dijk|Bakker|Jansen|Smit|de Boer|Mulder|Hoekstra|Kuipers|van Leeuwen|Dekker|<inv>ma|<inv>stra", "|"),
    "trade": words("Groothandel|Installatietechniek|Kantoorartikelen|Bouwmaterialen|Bakkerij|Automatisering|Transport|Drukkerij|Advies|Schoonmaak|Techniek|Meubelen|Hosting|Tuincentrum|Apotheek", "|"),
    "core": ["<surname> <trade>", "<trade> <surname>", "<inv> <trade>", "Gebr. <surname>", "<inv>", "@@@ <trade>", "<inv> Nederland", "<surname> en Zonen"],
    "road": ["<inv>straat %#", "<inv>weg %##", "Dorpsstraat %", "Stationsplein %#", "<inv>laan %#@", "Postbus %##", "Havenkade %", "Industrieweg %#"],
    "town": words("Zwolle|Breda|Arnhem|Delft|Almere|Tilburg|Utrecht|Leiden|Hoorn|Gent|Antwerpen|<inv>dam|<inv>hoven", "|"),
    "post": ["%### @@", "%###@@", "%### @@"],
    "address": ["<road>|<post> <town>", "<road>|<post> <town>|Nederland", "<road>, <post> <town>"],
    "reg": ["KvK ########", "KvK-nummer: ########", "K.v.K. ########", "KVK nr. ########"],
    "tax": ["NL#########B##", "NL ######### B ##", "NL####.##.###.B##"],
    "phone": ["0%#-#######", "+31 %# ### ## ##", "0%## - ## ## ##"],
    "iban": ["NL## @@@@ #### #### ##", "NL##@@@@##########"],
    "bic": ["@@@@NL@@"],
    "bank": ["<inv> Bank N.V.", "<inv>bank"],
    "web": ["www.<inv>.nl", "<inv>-<inv>.nl"],
    "mail": ["info~<inv>.nl", "administratie~<inv>.nl"],
    "item": ["<what>", "<what> <size>", "<kind> <what>", "<what> @@-##"],
    "what": words("Kopieerpapier|Toner|Bureaustoel|Arbeidsuur|Voorrijkosten|Abonnement|Onderhoud|Kabel|Schroeven|Lamp|Koffie|Brood|Kaas|Melk|Mineraalwater|Verf|Tegels|Cement|Kraan|Verzendkosten|Licentie|Domeinnaam|Training|Filter|Enveloppen|Ordner", "|"),
    "kind": words("grote kleine zwarte witte verse standaard stalen"),
    "size": ["%##g", "%kg", "%L", "%0 st", "##mm", "%m", "doos"],
}
_ZH = {
    "first": words("伟 芳 娜 敏 静 丽 强 磊 军 洋 勇 艳 杰 涛 明 超 秀英 建国 志强 晓东 雨欣 子轩"),
    "surname": words("王 李 张 刘 陈 杨 赵 黄 周 吴 徐 孙 马 朱 胡 郭 何 林 罗 郑 梁 谢 宋 唐"),
    "zi": words("华 鑫 盛 达 宏 泰 恒 瑞 丰 源 博 远 天 诚 信 嘉 和 润 康 德 兴 隆 安 顺 龙 腾 飞 翔 银 海 明 星 云 山 中 正 联 创 新 科 佳 美"),
    "city": words("北京市|上海市|广州市|深圳市|杭州市|南京市|成都市|武汉市|西安市|苏州市|天津市|重庆市|长沙市|青岛市|厦门市|合肥市|郑州市|无锡市|宁波市|佛山市", "|"),
    "short": words("北京 上海 广州 深圳 杭州 南京 成都 武汉 西安 苏州 天津 重庆 长沙 青岛 厦门"),
    "trade": words("科技|信息技术|电子|贸易|商贸|实业|机电设备|建材|物流|食品|办公用品|文化传播|广告|医疗器械|化工|服装|汽车服务|餐饮管理|软件|网络科技|印刷|家具|物业管理|工程|咨询|能源|五金|酒店管理|百货", "|"),
    "core": ["<short><zi><zi><trade>", "<city><zi><zi><trade>", "<zi><zi><trade>（<short>）", "<short>市<zi><zi><zi><trade>", "<zi><zi><trade>", "<short><zi><zi>"],
    "district": words("浦东新区 海淀区 天河区 南山区 西湖区 江宁区 武侯区 洪山区 雁塔区 工业园区 滨江区 高新区 朝阳区 黄浦区 福田区"),
    "road": words("<zi><zi>路|人民路|中山北路|解放大道|科技园路|建设东路|和平街|<zi><zi>大道|工业一路|文<zi>街", "|"),
    "address": ["<city><district><road>%##号", "<city><district><road>%#号%幢%0#室", "<district><road>%#号<zi><zi>大厦%#层", "<city><road>%##弄%号", "<city><district><road>%##号%#0%室"],
    "reg": ["注册号%##############", "证照编号：############"],
    "tax": ["91######MA########", "91################", "9%######@@########@#", "91######MA##@#@##@"],
    "phone": ["0%#-########", "1%#########", "400-###-####", "0%##-#######"],
    "bank": ["中国工商银行<short><zi><zi>支行", "招商银行<short>分行", "建设银行<short><zi><zi>支行", "中国银行<district>支行", "农业银行<short>分行营业部"],
    "account": ["62## #### #### #### ###", "62#################", "%#################", "%### #### #### ####"],
    "web": ["www.<inv>.cn", "www.<inv>.com.cn"],
    "mail": ["service~<inv>.cn", "<inv>~163.com", "fapiao~<inv>.com.cn"],
    "item": ["<what>", "<what>", "*<class>*<what>", "<what> @@-##", "<what>（<kind>）"],
    "class": words("办公用品 餐饮服务 信息技术服务 运输服务 电子计算机 建筑材料 医疗器械 现代服务 经纪代理服务 纸制品 家具 食品"),
    "what": words("复印纸|硒鼓|笔记本电脑|显示器|办公椅|技术服务费|咨询费|餐费|住宿费|运费|软件开发费|维护费|矿泉水|牛奶|大米|食用油|打印机|投影仪|电缆|水泥|钢材|开关|灯具|螺丝|轴承|广告费|培训费|会议费|租赁费|安装费|茶叶|面包|洗衣液|毛巾|电池|充电器", "|"),
    "kind": words("标准 大号 小号 黑色 白色 进口 批 套装"),
    "size": ["%#kg", "%L", "A4", "@%##"],
    "unit": words("个 台 套 箱 件 次 批 项 公斤 米 包 瓶"),
}
_ES = {
    "first": words("Alberto Beatriz Carmen Diego Elena Francisco Gloria Ignacio Javier Lucía Manuel Nuria Óscar Pilar Rosa Sergio"),
    "surname": words("Álvarez|Blanco|Castro|Domínguez|Esteban|Fuentes|Gallego|Herrera|Iglesias|Lozano|Molina|Navarro|Ortega|Peña|Rubio|Serrano|Vidal|<inv>ez|<inv>o", "|"),
    "trade": words("Suministros|Electricidad|Fontanería|Panadería|Imprenta|Transportes|Informática|Carpintería|Materiales|Consultores|Limpiezas|Farmacia|Librería|Mobiliario|Distribuciones|Servicios|Talleres|Hostelería|Óptica|Energía|Construcciones|Comercial|Alimentación", "|"),
    "core": ["<trade> <surname>", "<surname> <trade>", "<trade> <inv>", "Hermanos <surname>", "Hijos de <surname>", "<surname> y <surname>", "<inv>", "@@@ <trade>", "Grupo <inv>", "<inv> Ibérica", "<trade> <town>"],
    "street": ["C/ <surname>", "Calle <surname>", "Calle Mayor", "Avda. de <inv>", "Avenida de la Constitución", "Plaza de España", "Paseo de <inv>", "Ctra. de <inv>", "Ronda de <surname>", "Pol. Ind. <inv>, Nave"],
    "road": ["<street>, %#", "<street> %#", "<street>, nº %", "<street>, %#, %º @", "<street>, s/n", "<street> %, bajo", "Apartado de Correos %##"],
    "town": words("Madrid|Zaragoza|Valladolid|Murcia|Córdoba|Gijón|Burgos|Albacete|Logroño|Girona|León|Cádiz|Sevilla|Bilbao|Almería|San <inv>|Villa<inv>", "|"),
    "province": words("Madrid|Toledo|Sevilla|Barcelona|Alicante|Navarra|Málaga|Cantabria", "|"),
    "post": ["0%###", "1%###", "2%###", "4%###", "E-28###"],
    "address": ["<road>|<post> <town>", "<road>|<post> <town>|España", "<road>|<post> <town> (<province>)", "<road>, <post> <town>", "<road>|<post> - <town>|España", "<road>|<post> <town>, <province>"],
    "reg": ["Registro Mercantil de <province>, Tomo %###, Folio %##, Hoja M-%#####", "R.M. <province> T. %### F. %## H. %#####", "Inscrita en el R.M. de <province>, tomo %###"],
    "tax": ["B########", "B########", "A########", "B-########", "ESB########", "ESA########", "ES B########", "B ########"],
    "phone": ["9## ## ## ##", "9## ### ###", "+34 9## ### ###", "6## ### ###", "+34 6## ## ## ##", "9########"],
    "iban": ["ES## #### #### #### #### ####", "ES######################"],
    "bic": ["@@@@ES@@", "@@@@ESMM###"],
    "bank": ["Banco <inv>", "Caja Rural de <town>", "Caja <inv>"],
    "web": ["www.<inv>.es", "www.<inv>-<inv>.es"],
    "mail": ["info~<inv>.es", "administracion~<inv>.es", "facturas~<inv>.es", "<inv>~<inv>.com"],
    "item": ["<what>", "<what> <size>", "<what> <kind>", "<what> @@-##"],
    "what": words("Papel A4|Tóner|Silla|Mesa de oficina|Mano de obra|Desplazamiento|Alquiler|Alojamiento web|Cable|Tornillos|Bombilla LED|Pan|Café|Agua mineral|Queso|Zumo de naranja|Formación|Mantenimiento|Pintura|Azulejos|Cemento|Grifo|Portes|Filtro|Aceite de motor|Sobres|Archivador|Menú del día|Consultoría|Licencia", "|"),
    "kind": words("negro blanco grande pequeño estándar mensual acero"),
    "size": ["%##g", "%kg", "%L", "x%0", "##mm", "%m", "caja de %"],
    "unit": words("ud uds h kg m caja"),
}
_IT = {
    "first": words("Alessandro Bianca Chiara Davide Elisa Fabio Giulia Luca Marta Nicola Paola Roberto Silvia Stefano Valeria"),
    "surname": words("Amato|Barbieri|Caruso|De Santis|Esposito|Fontana|Galli|Lombardi|Marini|Neri|Pellegrini|Rinaldi|Sartori|Testa|Villa|<inv>ini|<inv>etti", "|"),
    "trade": words("Forniture|Impianti|Idraulica|Panificio|Tipografia|Trasporti|Informatica|Falegnameria|Edilizia|Consulenze|Pulizie|Farmacia|Libreria|Arredamenti|Distribuzione|Servizi|Officina|Ristorante|Ottica|Energia|Costruzioni|Alimentari|Elettronica", "|"),
    "core": ["<trade> <surname>", "<surname> <trade>", "<inv> <trade>", "Fratelli <surname>", "F.lli <surname>", "<surname> & Figli", "<inv>", "@@@ <trade>", "Gruppo <inv>", "<inv> Italia", "Studio <surname>"],
    "street": ["Via <surname>", "Via Roma", "Via <first> <surname>", "Viale <inv>", "Corso Italia", "Piazza <surname>", "Via dell'Industria", "Largo <inv>", "Strada Provinciale"],
    "road": ["<street>, %#", "<street> %", "<street>, %#/@", "<street> n. %#", "<street>, %## bis", "Loc. <inv> %#"],
    "town": words("Milano (MI)|Torino (TO)|Bergamo (BG)|Modena (MO)|Verona (VR)|Pisa (PI)|Ancona (AN)|Lecce (LE)|Bari BA|Parma PR|Udine (UD)|Roma RM|<inv>ano (VI)|San <inv> (BO)|Castel<inv> (PD)", "|"),
    "post": ["0%###", "2%###", "4%###", "3%###", "I-20###"],
    "address": ["<road>|<post> <town>", "<road>|<post> <town>|Italia", "<road> - <post> <town>", "<road>, <post> <town>", "<road>|<post> - <town>"],
    "reg": ["REA MI-%######", "R.E.A. BG %#####", "Cap. Soc. € 10.000,00 i.v.", "Reg. Imprese di MI n. %#########", "Cod. SDI @@@@@##", "Codice destinatario @##@@@#"],
    "tax": ["0######0%##", "0######0%##", "IT0######0%##", "1######0%##", "IT 1######0%##"],
    "steuer": ["0######0%##", "1######0%##"],
    "phone": ["0% #######", "0%# ######", "+39 0% ########", "0%##/######", "3%# #######", "+39 3%# ### ####"],
    "iban": ["IT## @ ##### ##### ############", "IT##@######################", "IT## @### #### #### #### #### ###"],
    "bic": ["@@@@IT@@", "@@@@ITMM###"],
    "bank": ["Banca <inv>", "Credito <inv>", "Cassa di Risparmio di <inv>", "BCC <inv>"],
    "web": ["www.<inv>.it", "www.<inv>-<inv>.it"],
    "mail": ["info~<inv>.it", "amministrazione~<inv>.it", "<inv>~pec.it", "fatture~<inv>.it"],
    "item": ["<what>", "<what> <size>", "<what> <kind>", "<what> @@-##"],
    "what": words("Carta A4|Toner|Sedia|Scrivania|Manodopera|Trasferta|Canone|Hosting|Cavo|Viti inox|Lampadina LED|Pane|Caffè|Acqua minerale|Formaggio|Succo d'arancia|Formazione|Manutenzione|Vernice|Piastrelle|Cemento|Rubinetto|Trasporto|Filtro|Olio motore|Buste|Raccoglitore|Menù del giorno|Consulenza|Licenza", "|"),
    "kind": words("nero bianco grande piccolo standard mensile acciaio"),
    "size": ["%##g", "%kg", "%L", "x%0", "##mm", "%m", "conf. da %"],
    "unit": words("pz nr h kg mt conf."),
}
_PL = {
    "first": words("Agnieszka Bartosz Dorota Grzegorz Halina Jacek Katarzyna Łukasz Małgorzata Michał Paweł Renata Tomasz Wojciech Zofia"),
    "surname": words("Adamczyk|Baran|Czarnecki|Dudek|Gajewski|Jaworska|Kubiak|Lis|Malinowski|Nowicki|Ostrowski|Pawlak|Sadowski|Szulc|Wróbel|Żak|<inv>ski|<inv>czyk", "|"),
    "trade": words("Hurtownia|Instalacje|Piekarnia|Drukarnia|Transport|Informatyka|Stolarstwo|Materiały Budowlane|Doradztwo|Usługi|Apteka|Księgarnia|Meble|Dystrybucja|Serwis|Restauracja|Optyka|Energia|Budownictwo|Handel|Elektronika|Spedycja|Zakład Usługowy", "|"),
    "core": ["<trade> <surname>", "<inv> <trade>", "<inv>", "<inv>pol", "<inv>ex", "@@@ <trade>", "PHU <inv>", "F.H.U. <surname>", "Grupa <inv>", "<inv> Polska", "<surname> i Wspólnicy", "P.P.H.U. <inv>"],
    "street": ["ul. <surname>ego", "ul. Polna", "ul. <inv>owa", "al. Niepodległości", "ul. Kościuszki", "pl. Wolności", "ul. 3 Maja", "ul. Leśna", "os. <inv>owe", "Aleje Jerozolimskie", "ul. Przemysłowa"],
    "road": ["<street> %#", "<street> %", "<street> %#/%", "<street> %#@", "<street> %# lok. %", "<street> %#/%#", "<street> %# m. %"],
    "town": words("Warszawa|Kraków|Łódź|Wrocław|Poznań|Gdańsk|Lublin|Rzeszów|Białystok|Toruń|Opole|Zielona Góra|Bielsko-Biała|<inv>ów|<inv>owice", "|"),
    "post": ["##-###"],
    "address": ["<road>|<post> <town>", "<road>|<post> <town>", "<road>|<post> <town>|Polska", "<road>, <post> <town>"],
    "reg": ["KRS 0000######", "KRS: 0000######", "Nr KRS 0000######", "BDO 000######", "Sąd Rejonowy <town>, KRS 0000######"],
    "tax": ["%#########", "%##-###-##-##", "%##-##-##-###", "PL%#########", "PL %#########"],
    "steuer": ["%########"],
    "phone": ["%# ### ## ##", "+48 %## ### ###", "%## ### ###", "(%#) ### ## ##", "+48 %# ### ## ##"],
    "iban": ["PL## #### #### #### #### #### ####", "PL##########################"],
    "bic": ["@@@@PL@@", "@@@@PLPW"],
    "bank": ["<inv> Bank S.A.", "Bank Spółdzielczy <town>", "Bank <inv> S.A."],
    "web": ["www.<inv>.pl", "www.<inv>-<inv>.com.pl"],
    "mail": ["biuro~<inv>.pl", "faktury~<inv>.pl", "<inv>~<inv>.com.pl", "ksiegowosc~<inv>.pl"],
    "item": ["<what>", "<what> <size>", "<what> <kind>", "<what> @@-##"],
    "what": words("Papier A4|Toner|Krzesło|Biurko|Robocizna|Dojazd|Abonament|Hosting|Kabel|Śruby|Żarówka LED|Chleb|Kawa|Woda mineralna|Ser|Sok|Szkolenie|Konserwacja|Farba|Płytki|Cement|Kran|Transport|Filtr|Olej silnikowy|Koperty|Segregator|Obiad|Doradztwo|Licencja", "|"),
    "kind": words("czarny biały duży mały zwykły stalowy"),
    "size": ["%##g", "%kg", "%L", "x%0", "##mm", "%m", "op. %"],
    "unit": words("szt. szt godz. kg usł. m op."),
}  # fmt: skip

_EURO_DATES = (
    "d.m.Y",
    "d.m.Y",
    "d.m.Y",
    "j.n.Y",
    "d.m.y",
    "j. F Y",
    "d. F Y",
    "d.m.Y",
    "Y-m-d",
    "d. M Y",
    "d.m. Y",
    "d-m-Y",
)
_EURO_NUMBERS = ("1.234,56", "1.234,56", "1234,56", "1.234,56")

LOCALES: tuple[Locale, ...] = (
    Locale("en-MY", "en", "MYR", ("RM", "RM", "MYR", "RM"), _EN_NUMBERS, _DMY, ("6", "10", "8", "0"), ("GST", "GST", "SST", "Service Tax", "Tax"), ("Sdn Bhd", "Sdn. Bhd.", "SDN BHD", "Sdn Bhd", "(M) Sdn Bhd", "Bhd", "Enterprise", "PLT", ""), _MY, weight=3.5),
    Locale("en-SG", "en", "SGD", ("S$", "$", "SGD"), _EN_NUMBERS, _DMY, ("7", "8", "9"), ("GST", "GST"), ("Pte Ltd", "Pte. Ltd.", "PTE LTD", "LLP", ""), _SG),
    Locale("en-GB", "en", "GBP", ("£", "£", "GBP"), _EN_NUMBERS, _DMY, ("20", "5", "0"), ("VAT", "V.A.T."), ("Ltd", "Limited", "LLP", "plc", "Ltd.", ""), _GB, weight=1.5),
    Locale("en-US", "en", "USD", ("$", "$", "USD", "US$"), _EN_NUMBERS, _MDY, ("8.25", "7", "6.5", "9.5", "4.75"), ("Sales Tax", "Tax", "State Tax"), ("Inc.", "LLC", "Inc", "Corp.", "Co.", "", ""), _US, weight=2),
    Locale("en-AU", "en", "AUD", ("$", "A$", "AUD"), _EN_NUMBERS, _DMY, ("10", "15"), ("GST", "GST", "VAT"), ("Pty Ltd", "Pty. Ltd.", "Pty Limited", ""), _AU),
    Locale("en-IN", "en", "INR", ("Rs.", "INR", "Rs"), _EN_NUMBERS, _DMY, ("18", "12", "5"), ("GST", "IGST"), ("Pvt Ltd", "Pvt. Ltd.", "Private Limited", "& Co.", ""), _IN, weight=0.8),
    Locale("de-DE", "de", "EUR", ("€", "EUR", "€", "Euro"), _EURO_NUMBERS, _EURO_DATES, ("19", "19", "7"), ("MwSt.", "USt.", "Umsatzsteuer", "Mehrwertsteuer", "MwSt", "USt"), ("GmbH", "GmbH", "GmbH & Co. KG", "AG", "OHG", "e.K.", "KG", "UG (haftungsbeschränkt)", ""), _DE, "Januar Februar März April Mai Juni Juli August September Oktober November Dezember", 3),
    Locale("de-AT", "de", "EUR", ("€", "EUR"), _EURO_NUMBERS, _EURO_DATES, ("20", "10"), ("USt.", "USt", "MwSt."), ("GmbH", "Ges.m.b.H.", "KG", "e.U."), {**_DE, "tax": ["ATU########"], "post": ["%###", "A-%###"], "phone": ["+43 % ### ####", "0%## / ### ###"], "reg": ["FN ######@", "Firmenbuch FN ######@"]}, "Jänner Februar März April Mai Juni Juli August September Oktober November Dezember", 0.6),
    Locale("de-CH", "de", "CHF", ("CHF", "Fr.", "CHF"), ("1'234.56", "1'234.56", "1234.56"), _EURO_DATES, ("8.1", "7.7", "2.6"), ("MWST", "MwSt."), ("AG", "GmbH", "Sàrl"), {**_DE, "tax": ["CHE-###.###.### MWST", "CHE-###.###.###"], "post": ["%###", "CH-%###"], "phone": ["+41 %# ### ## ##", "0%# ### ## ##"], "reg": ["CHE-###.###.###"], "iban": ["CH## #### #### #### #### #"]}, "Januar Februar März April Mai Juni Juli August September Oktober November Dezember", 0.6),
    Locale("fr-FR", "fr", "EUR", ("€", "€", "EUR", "euros"), ("1 234,56", "1234,56", "1.234,56", "1 234,56"), ("d/m/Y", "d/m/Y", "j F Y", "d-m-Y", "d.m.Y", "d/m/y", "Y-m-d", "j M Y"), ("20", "10", "5.5"), ("TVA", "T.V.A."), ("SARL", "SAS", "S.A.R.L.", "SA", "EURL", "SASU", ""), _FR, "janvier février mars avril mai juin juillet août septembre octobre novembre décembre", short_months="janv févr mars avr mai juin juil août sept oct nov déc"),
    Locale("nl-NL", "nl", "EUR", ("€", "€", "EUR"), _EURO_NUMBERS, ("d-m-Y", "d-m-Y", "d/m/Y", "j F Y", "d-m-y", "Y-m-d", "j M Y"), ("21", "9"), ("BTW", "btw", "B.T.W."), ("B.V.", "BV", "V.O.F.", "N.V.", ""), _NL, "januari februari maart april mei juni juli augustus september oktober november december", short_months="jan feb mrt apr mei jun jul aug sep okt nov dec"),
    Locale("zh-CN", "zh", "CNY", ("¥", "￥", "¥", "人民币", "CNY"), ("1,234.56", "1234.56", "1234.56"), ("Y年m月d日", "Y年m月d日", "Y年n月j日", "Y-m-d", "Y/m/d", "Y.m.d"), ("13", "6", "9", "3"), ("税额", "增值税"), ("有限公司", "有限公司", "有限责任公司", "股份有限公司", "集团有限公司"), _ZH),
    Locale("es-ES", "es", "EUR", ("€", "€", "EUR", "euros"), _EURO_NUMBERS, ("d/m/Y", "d/m/Y", "d/m/Y", "d-m-Y", "d.m.Y", "d/m/y", r"j \d\e F \d\e Y", "Y-m-d", "j-M-Y"), ("21", "21", "10", "4"), ("IVA", "IVA", "I.V.A."), ("S.L.", "S.L.", "SL", "S.A.", "S.L.U.", "S.A.U.", ""), _ES, "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"),
    Locale("it-IT", "it", "EUR", ("€", "€", "EUR", "euro"), _EURO_NUMBERS, ("d/m/Y", "d/m/Y", "d/m/Y", "d-m-Y", "d.m.Y", "d/m/y", "j F Y", "Y-m-d"), ("22", "22", "10", "4"), ("IVA", "IVA", "I.V.A."), ("S.r.l.", "S.r.l.", "SRL", "S.p.A.", "SpA", "S.n.c.", "S.a.s.", "S.r.l.s.", ""), _IT, "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre"),
    Locale("pl-PL", "pl", "PLN", ("zł", "PLN", "zł", "PLN"), ("1 234,56", "1 234,56", "1234,56", "1.234,56"), ("d.m.Y", "d.m.Y", "Y-m-d", "Y-m-d", "d-m-Y", "j F Y", "d/m/Y", "d.m.Y r."), ("23", "23", "8", "5"), ("VAT", "VAT"), ("sp. z o.o.", "Sp. z o.o.", "sp. z o.o.", "S.A.", "sp.j.", "sp. k.", ""), _PL, "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia"),
)  # fmt: skip
LANGUAGES: tuple[str, ...] = tuple(dict.fromkeys(locale.language for locale in LOCALES))
