"""The letter trigrams that words are made of.

The 3,200 commonest of 10,631 in the words of 13 released projects and the standard library (180,000 distinct
words, weighted by the logarithm of the files that hold them); they cover 93 % of those words' trigrams and, being
3,200 of 18,278 possible ones, 18 % of random letters'. `^` and `$` stand for a word's begin and end. Grouped by
their first two letters: "thaei" is tha, the, thi.
"""

_GROUPS = """
aaabcdefr ababcdefilorsu acabcdefhikloqrstuy adabcdefijlmorstvy aeabceflms afabcdefrt agaegimnors
ahae aicdlmnrst ajo akaeis alabcdefgiklmnoprstuvy amabdeilmops anacdefghiklmnopstuy apaefhiloprst
aqeu arabcdefgiklmnoprsty asacehikmnopstuy atacefhilmoprstuv aucdglnrstx avaeio awaens axdeilpsv
aybeilost azioy baabcdegklnprstz bbabcdefilor bcabcdeflo bdabefit beabcdefghilnrstx bfbcdfi bgr
biabcdglnost bje blaeikouy bmai bnaeo boabdlnorstux bpalr braeiou bscdeioptu btar bucfgilnrst bynt
caabcdeflmnprstu cbabcd ccabcdefiou cdabdefio ceabcdefilmnprs cfcdefgiu cge chadeiklmnorsuy
ciabdefilmnoprst ckabefilnoprstuwy claeiosu cmadep cnat coabcdegilmnoprstuv cpapuy cqu craeiotuy
csceirt ctaeilnorsuxy cubilmprst cvt cyc daabcdeglmnprstvy dbacdeflouy dcabcdeo ddabcdefilors
deabcdefglmnopqrstvx dfabcdefilou dge diacdefglmnorstuv djau dleiloy dmaio dnaes docdegilmnprstuw
dpao draeios dsacehiopt dtaehry duacelmnprs dvaei dwai dyn eaabcdefgklmnprstuv ebabcdefilorsuy
ecabcdefhiklmorstuv edabcdefgilnorsu eeabcdefklmnprstvxz efabcdefgilorstu egaeilmoru ehaeio
eidglmnrstv eje ekes elabcdefilnopstvy emabceimopsuy enabcdefghilnopqrstuv eobfmnpru epaehiloprst
eqqsu erabcdefghiklmnoprstuvwy esacehilnopstu etabcdefghilmnoprstuvwy eucderst evaeio ewadehilorst
exacehipst eyepsw ezeo faabcdefiklmnrstuv fbabcdef fcabcdefo fdacdefi feabcdeflmnrst ffabcdefilost
fgh fiacdefglnrstx flaeiouy fmat fna foclnoru fraeio fset ftaeipsw fulnrstz fyi gabilmnprtu gcdo
gdei gebdlmnorstx gfi ggaeilr ghabeilot giabcdeflnostv glaeioy gmae gnaeimosu goilnorstuv gpar
graeiopu gseipt gtehr guaeilmnors habcdiklmnprstuv hbao hdr heabcdeilmnorstuvx hibcdefgjlmnprstv
hleiy hmae hni hocdeilmnoprstuw hpa hraeio hsipt htaemst hubfglmnrt hwa hyps iabcdglmnrst
ibabceilmorsuy icaehiklmorstuy idadefgilnprstux iecdlnrstuvw ifaefioty igaceghimnorstu iiin ijk ikei
ilabdeilostuy imabdeimopsu inabcdefghijklmnoprstuvxy iocdlmnrstu ipaefhilprstuy iqu iracdeimnorsty
isabcdefhiklmnoprstu itacefhilmnoprstuyz iums ivaeio ixeit izaei jacnrv jecr jkl jobhirsu jso juglns
kabgnrt kedelnrstwy kgr kielnpt klaeio kma kno kov kpo kraeo ksipt ktr kup kwa labcdgiklmnprstuvwxyz
lbaeo lchlou ldabceinos leabcdefgilmnopqrstvwxy lfilo lgeo liabcdefgkmnopstvz lkei llabcdeimnopstuy
lmao lnae loabcgimnoprstuvwy lpaehos lre lsehilopt ltaehiorsy luacdegmnrst lvaei lyaimnstz
macdgijklnprstxz mbadeilos mcao mdai meabcdefgilmnoprstwz mfi miacdglmnrstxz mlei mmaeiouy
mocdgilmnorstuv mpadefhilorstuy mreo msegiptu mteir mulmnst mycdps nabcdgilmnprstv nbailor
ncaehilorstuy ndabcefilmoprstuy neacdefgilmnoqrstvwxy nfaeilorsu ngadeilorstu nhaeo
niacdefgkmnopqstvxz njaeu nkaeins nlaeioy nmaeio nnaeio noabcdefilmnprstuvw npaioruy nqu nraeio
nsacefhilmopstuw ntacdefhilmoprstuwy nuaeilmpstx nvaeio nwai nymt nze oacdlrt obabeijlostu
ocacehiklostu odabdeiosuy oefrs offiot ogaegilnorsuy ohain oicdnst oje okaeisu oladeilostuvy
omabefilmoprs onabcdefgijklmnoprstuvy oobdfgklmnprst opacehiloprstuy orabcdefgiklmnoprstuwy
osacefhiopstuy otacefhilnoprsty oubcdglnprst ovaei owaceilnst oxeiy oye oze pabcdgilmnprstuwy pcalo
pdabefio peacdelnorstx pfiu pgr phaeiosy picdeflnprtvx pkgi plaeiouy pma pna pocilnoprstuw ppaeilors
praeiou psehitu ptaehilorsuy publnrst pyacdfgilmoprst qli qrt quaeio rabcdfghiklmnprstvwy rbaeio
rcaehilosu rdaceilost reabcdefghijlmnopqrstuvwxy rfaefilo rgaeimoprsu rhao riabcdefgklmnopstvxz
rkeisu rladeiosy rmaeiosu rnacegios roabcdefgijklmnoprstuvwxyz rpachlor rqu rraeiosuy rsacehioptu
rtacdefhilmnoprstuy rubcdelmnpst rvaei rwair ryaips sabcdfgilmnprstvy scaehilortu sdaei
seabcdefgilmnopqrstuvx sfeiou sgirs shaeilortu siabcdefglmnorstvxz skeisy slaeiosy smaeiost snaeio
sobcflmnpru spaehilor sqlru srace ssacefhilmoptuw stabcdefghilmnoprstuy suabcefgilmnprs svace swaeio
symns tabcdfgiklmnprstxy tblo tcahlop tdabeiot teabcdefgilmnopqrstuvwx tfailoru tgr thacdeilmorsuy
tiabcdefglmnoprstvz tke tlaeiosy tmaelop tnaeo toabcdefgiklmnoprstuw tpailorsu tracefilmnostuy
tsacehioqt ttaehilopry tuabdimnprst tvae twaeio txt tylp uadlnrt ubabcdefgilmnopqrst uccehiklt
udefgio uedelnrsu uffu ugaeghi uicdlnrstv uladeiloptu umabeimnpsu unabcdefghiklmnoprstuw uotu
upbcdegilpst urabcdefgilnoprstv usaehiloprstu utacdefhilopstu uzz vabilnrst veacdlmnrst
viacdeglnorst vma vociklrt vpc vul vvv waiklnprstvy wco weabdeilnrs whaeio widelnrst wlei wnaels
wonru wraio wsaet wto xacmr xcehlo xdei xecdlrs xff xha ximnst xlai xml xor xpaeilor xre xtaeilmrsu
xva xxx xyz yabdmnr ybor ycahlo ydaeio yeadrs yfiu ygr yien ylaeio ymabelmops ynacot yobnu
ypaehiorty yrei ysceiqt ytehioy yva ywo yyy yze zabrt zednrst zinp zma zono
"""

TRIGRAMS = frozenset(group[:2] + last for group in _GROUPS.split() for last in group[2:])
