"""Rows of words without sense, for voices that are learned from.

A network that hears 630 ms of the past learns a small vocabulary by heart, and then guesses sounds
by the words they are usually in. So most of what is learned from is made of many common words, and
of words that no language has: every sound comes after every other.
"""

import random

_ONSETS = (
    "b", "bl", "br", "ch", "cl", "cr", "d", "dr", "f", "fl", "fr", "g", "gl", "gr", "h", "j", "k",
    "l", "m", "m", "n", "p", "p", "pl", "pr", "qu", "r", "s", "sc", "sh", "sl", "sm", "sn", "sp",
    "st", "str", "sw", "t", "th", "thr", "tr", "tw", "v", "w", "wh", "y", "z", "",
)  # fmt: skip
_NUCLEI = (
    "a", "e", "i", "o", "u", "ai", "ay", "ea", "ee", "oa", "oo", "ou", "ow", "oi", "aw", "ar",
    "er", "ir", "or", "ur",
)  # fmt: skip
_CODAS = (
    "", "", "", "b", "ck", "d", "ff", "g", "ll", "m", "m", "mp", "n", "nd", "ng", "nk", "nt", "p",
    "r", "s", "sh", "st", "t", "th", "tch", "ve", "x", "ze",
)  # fmt: skip
_PLAIN_ONSETS = (*"bdfgklmnprstv", "m", "p", "b", "")
"""What every language of `sentences.LANGUAGES` can spell."""
_PLAIN_NUCLEI, _PLAIN_CODAS = "aeiou", ("", "", "", "n", "r", "s", "l", "m")
_COMMON = """
a about above across add after again against age ago air all almost alone along already also always
am among an and anger animal answer any appear apple are area arm art ask at baby back bad bag ball
bank base bath be bear beat beauty bed been before began behind believe bell belong below best
better between big bird birth bit black block blood blow blue board boat body bone book both bottom
box boy branch bread break bridge bright bring broad brown build burn busy but buy by call came
camp can car card care carry case cat catch cause centre chair chance change charge chart check
chief child church circle city class clean clear climb clock close cloth cloud coast coat cold
collect colour come common complete contain control cook cool copy corn corner cost could country
course cover cow crop cross crowd cry cup cut dance dark day dead deal dear death decide deep
depend describe desert design develop did differ dinner do doctor does dog dollar door double down
draw dream dress drink drive drop dry during each ear early earth ease east eat edge effect egg
eight either else end enemy energy enough enter equal even evening ever every exact example except
expect experience explain eye face fact fair fall far fast fat father favour fear feed feel feet
fell few field fight figure fill final find fine finger finish fire first fish fit five flat floor
flow flower fly follow food foot for force forest form forward four free fresh friend from front
fruit full fun game garden gather gave general gentle get girl give glad glass go gold gone good
got govern grand grass great green ground group grow guess guide had hair half hand happen happy
hard has hat have he head hear heart heat heavy held help her here high hill him his history hit
hold hole home hope horse hot hour house how huge human hundred hunt hurry ice idea if image
imagine in inch include instead iron is island it job join joy judge jump just keep kept key kind
king knew know lady lake land language large last late laugh law lay lead learn least leave left
leg length less let letter level lie life lift light like line list listen little live long look
lost lot loud love low machine made magic mail main major make man many map march mark market mass
master match matter may me mean measure meat meet member memory men metal method middle might mile
milk million mind mine minute miss mix modern moment money month moon more morning most mother
mountain mouth move much music must my name nation nature near neck need never new next night nine
no noise none noon nor north nose note nothing notice now number object ocean of off offer office
often oil old on once one only open opposite or orange order other our out over own oxygen page
paint pair paper parent part party pass past path pattern pay peace people perhaps period person
picture piece place plain plan plane plant play please plural point poor position possible post
pound power practice press pretty print probable problem process produce property protect prove
provide public pull push put question quick quiet quite race radio rain raise ran range rather
reach read ready real reason receive record red region remember repeat reply rest rich ride right
ring rise river road rock roll room root rope rose round rub rule run safe sail salt same sand save
saw say scale school science sea search season seat second see seed seem self sell send sense sent
separate serve set seven several shape share sharp she ship shoe shop shore short should shoulder
shout show side sight sign silent silver similar simple since sing single sister sit six size skill
skin sky sleep slip slow small smell smile snow so soft soil soldier solution some son song soon
sound south space speak special speech speed spell spend spoke spot spread spring square stand star
start state stay steam steel step stick still stone stood stop store story straight strange stream
street stretch string strong student study subject success such sudden sugar suggest suit summer
sun supply support sure surface surprise swim symbol system table tail take talk tall teach team
teeth tell temper ten term test than thank that the their them then there these they thick thin
thing think third this those though thought thousand three through throw thus time tiny tire to
together told tone too took tool top total touch toward town track trade train travel tree triangle
trip trouble truck true try tube turn twenty two type under unit until up us use usual valley value
vary verb very view village visit voice vowel wait walk wall want war warm was wash watch water
wave way we wear weather week weight well went were west what wheel when where which while white
who whole whose why wide wife wild will win wind window wing winter wire wish with woman women
wonder wood word work world would write wrong yard year yellow yes yet you young your zero zone
""".split()  # noqa: SIM905 (a thousand quotes tell nothing)


def words(choose: random.Random) -> str:
    """English as to its sounds: common words, invented words, or both."""
    invented = choose.choice((0.0, 0.3, 1.0))
    row = [
        _invented(choose) if choose.random() < invented else choose.choice(_COMMON)
        for _ in range(choose.randint(3, 10))
    ]
    if len(row) > 5 and choose.random() < 0.5:
        row[len(row) // 2] += ","
    return " ".join(row) + choose.choice((".", ".", "!", "?"))


def plain_words(choose: random.Random) -> str:
    """Such as any European spelling has sounds for."""
    row = [
        "".join(
            choose.choice(_PLAIN_ONSETS) + choose.choice(_PLAIN_NUCLEI)
            for _ in range(choose.randint(1, 3))
        )
        + choose.choice(_PLAIN_CODAS)
        for _ in range(choose.randint(3, 8))
    ]
    return " ".join(row) + "."


def _invented(choose: random.Random) -> str:
    return "".join(
        choose.choice(_ONSETS) + choose.choice(_NUCLEI) + choose.choice(_CODAS)
        for _ in range(choose.choice((1, 1, 2, 2, 3)))
    )
