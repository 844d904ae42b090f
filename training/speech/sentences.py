"""What the synthetic voices say: sentences of our own in nine languages, English without end.

English ones are put together of words, so that all sounds meet each other; the others are fixed.
"""

import random

_WHO = (
    "my brother", "the baker", "your neighbour", "an old farmer", "everybody", "Barbara",
    "the pilot", "a young painter", "Philip", "our teacher", "the mayor", "some people",
    "the whole family", "Joe", "a bumblebee", "the chimney sweep", "Vivian", "her uncle George",
    "the girl with the purple hat", "nobody", "this machine", "the shopkeeper",
    "a thoughtful judge", "we", "they", "you", "I", "Amy",
)  # fmt: skip
_DID = (
    "painted", "bought", "moved", "watched", "forgot about", "put away", "used to love", "opened",
    "can hardly believe in", "borrowed", "would rather have", "found", "shouted at",
    "jumped over", "wished for", "brought home", "measured", "thought of", "never finished",
    "pushed", "remembered", "laughed about", "chose", "threw out", "left behind", "will keep",
    "asked for", "misplaced",
)  # fmt: skip
_WHAT = (
    "the big blue boat", "a cup of coffee", "five brown horses", "the missing map",
    "some fresh bread", "a very large umbrella", "the music box", "both of the windows",
    "a small piece of cheese", "it all", "the yellow house by the river", "their favourite film",
    "a bag of apples", "the thirteenth chapter", "every word of the speech", "a warm fire",
    "the noisy engine", "this useful tool", "my purse", "the broken camera", "a bowl of plum jam",
    "the old bridge", "a measure of sugar", "the garage", "an empty room", "a beautiful morning",
    "these heavy books", "the path through the woods", "lamps",
)  # fmt: skip
_WHEN = (
    "before breakfast", "in the middle of the night", "on Monday", "by mistake",
    "for about an hour", "at half past five", "because of the weather", "without a word",
    "with a smile", "last September", "while the others slept", "again and again", "as usual",
    "on the way home", "in the summer", "now", "every other week", "for no good reason",
    "with both hands", "from the very beginning", "slowly",
)  # fmt: skip
_SAID = (
    "What do you mean?", "Maybe, maybe not.", "Oh, I see!", "Well, that is fine by me.",
    "No, thank you.", "How much would you pay for it?", "Please come back tomorrow morning.",
    "Why is it so warm in here?", "Bob, hand me the rope.", "Papa may have more pumpkin pie.",
    "Many happy returns!", "Who knows?", "I am not sure whether he is right.",
    "One, two, three, four, five, six, seven, eight, nine, ten.", "We buy only what we need.",
    "Hello, my name is Emma.", "Let me help you up.", "Never mind.",
    "Twenty-five percent of the budget is missing.", "Can you hear me now?",
    "Good evening, everybody.",
)  # fmt: skip
PROSE = (
    "Velvet curtains kept the draught from reaching the parlour.",
    "Six shrimps bubbled in a copper saucepan.",
    "Vampires never appear in bathroom mirrors.",
    "The plumber fixed a leaking pipe underneath the sink.",
    "Fog crept over the harbour until ferries vanished.",
    "Grandmother's recipe demands cinnamon, nutmeg and patience.",
    "Elephants communicate through rumbles too deep for us.",
    "Yesterday's newspaper blew across the empty pavement.",
    "Rubber boots squeaked along the polished corridor.",
    "A tourist photographed pigeons beside the fountain.",
    "Our guide whispered that wolves sometimes visit this meadow.",
    "Chemists mixed a purple potion that smelled of vinegar.",
    "Bumpy roads gave both passengers a headache.",
    "Jugglers tossed oranges towards the balcony.",
    "The orchestra rehearsed Beethoven upstairs.",
    "Mosquitoes bite more often near swamps.",
    "Tailors stitch collars onto woollen jackets.",
    "Half of the puppies escaped via the cellar.",
    "Astronauts shave with foam that cannot float away.",
    "Thunder frightened the goats behind our barn.",
    "Cheap umbrellas collapse whenever gusts arrive.",
    "He bribed the guard using cigars.",
    "Wednesday's meeting was postponed because Professor Hopkins fell ill.",
    "Penguins waddle, dive and zoom beneath icebergs.",
    "Vegetables from the balcony ripen in August.",
    "Jealous rivals poked fun at his moustache.",
    "Mushrooms sprout overnight among damp ferns.",
    "Zebras gallop past the abandoned railway.",
    "My cousin's laptop overheats while charging.",
    "Pepper made everyone sneeze throughout the banquet.",
    "Smugglers buried emeralds below the lighthouse.",
    "Ivory chess pieces tumbled off the shelf.",
)
"""Of words that hardly anybody who is learned from says."""
_OTHERS: dict[str, tuple[str, ...]] = {
    "de": (
        "Guten Morgen, wie geht es Ihnen heute?", "Am Abend gehen wir oft am Fluss spazieren.",
        "Der Bäcker backt das Brot immer vor Sonnenaufgang.",
        "Meine Mutter sammelt bunte Briefmarken.", "Könnten Sie bitte das Fenster aufmachen?",
        "Fünf große Pferde laufen über die Wiese.",
        "Wir müssen noch Milch, Butter und Pflaumen kaufen.",
        "Das Wetter wird morgen wieder schöner.", "Ich habe überhaupt nichts davon gewusst.",
        "Peter probiert die neue Lampe im Wohnzimmer.",
    ),
    "fr-fr": (
        "Bonjour, comment allez-vous ce matin ?", "Ma mère prépare une bonne soupe aux poireaux.",
        "Nous avons marché longtemps au bord de la mer.", "Il fait beau, mais le vent est froid.",
        "Pouvez-vous fermer la porte, s'il vous plaît ?",
        "Le petit garçon mange une pomme rouge.", "Je voudrais un peu plus de beurre.",
        "Paul a oublié son parapluie dans le bus.", "Demain, nous partirons pour la montagne.",
        "Combien de temps faut-il pour y arriver ?",
    ),
    "es": (
        "Buenos días, ¿cómo está usted hoy?", "Mi abuela compra pan y manzanas en el mercado.",
        "Mañana vamos a la playa con toda la familia.",
        "El perro blanco duerme debajo de la mesa.", "¿Podría abrir la ventana, por favor?",
        "Me gusta mucho pasear por el campo.", "Un hombre sube la montaña muy despacio.",
        "Pablo bebe un vaso de agua fría.", "No me importa lo que piensen los vecinos.",
        "La primavera empieza dentro de un mes.",
    ),
    "it": (
        "Buongiorno, come sta oggi?", "Mia madre prepara la pasta al pomodoro.",
        "Domani partiamo per la montagna con gli amici.",
        "Il bambino beve un bicchiere di latte.", "Potrebbe aprire la finestra, per favore?",
        "Mi piace molto camminare lungo il mare.", "Un uomo vende libri vecchi in piazza.",
        "Questa primavera piove troppo spesso.",
    ),
    "pl": (
        "Dzień dobry, jak się pan dzisiaj ma?", "Moja babcia piecze pyszne ciasto ze śliwkami.",
        "Jutro pojedziemy z przyjaciółmi nad morze.", "Mały pies śpi pod dużym stołem.",
        "Proszę otworzyć okno, bo jest mi gorąco.", "Bardzo lubię spacerować po lesie.",
    ),
    "pt-br": (
        "Bom dia, como vai o senhor?", "Minha mãe comprou pão e manteiga no mercado.",
        "Amanhã vamos para a praia com a família.", "O menino bebe um copo de água fria.",
        "Pode abrir a janela, por favor?", "Gosto muito de passear pelo campo.",
    ),
    "nl": (
        "Goedemorgen, hoe gaat het met u?", "Mijn moeder bakt een appeltaart voor de buren.",
        "Morgen gaan wij met de boot naar het eiland.", "De bruine hond slaapt onder de tafel.",
        "Wilt u het raam even openmaken?", "Ik vergeet mijn paraplu bijna altijd.",
    ),
    "sv": (
        "God morgon, hur mår du idag?", "Min mamma köper bröd och smör i affären.",
        "I morgon åker vi båt till en liten ö.", "Den bruna hunden sover under bordet.",
        "Kan du vara snäll och öppna fönstret?", "Jag tycker mycket om att promenera i skogen.",
    ),
}  # fmt: skip
LANGUAGES: tuple[str, ...] = tuple(_OTHERS)
"""Other than English, by espeak-ng's names."""


def english(choose: random.Random) -> str:
    """One that may be odd; none is likely to come twice."""
    if choose.random() < 0.15:
        return choose.choice(_SAID)
    parts = [choose.choice(words) for words in (_WHO, _DID, _WHAT)]
    if choose.random() < 0.6:
        parts.append(choose.choice(_WHEN))
    sentence = " ".join(parts)
    mark = choose.choice((".", ".", ".", "!", "?"))
    if choose.random() < 0.2:
        return f"{sentence}, and {english(choose)}"
    return f"{sentence[0].upper()}{sentence[1:]}{mark}"


def foreign(language: str, choose: random.Random) -> str:
    """One of the language's own."""
    return choose.choice(_OTHERS[language])
