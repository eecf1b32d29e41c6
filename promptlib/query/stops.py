"""Words that say nothing of what a text is about: our own short lists, one for each language that has one.

They are not searched for, unless a need has no other words. Each list holds articles, pronouns, prepositions,
conjunctions, forms of "to be", "to have" and "to do", and the words of a wish ("want", "need", "please"); nothing that
names a thing or a task.
"""

from __future__ import annotations

ENGLISH = """
a about after again all also am an and any are as at be because been before being between both but by can cannot could
d did do does doing don down during each few for from further get had has have having he help her here hers him his
how i if in into is it its itself just ll m may me might more most must my need no nor not now of off on once only or
other our ours out over own please re s same shall she should so some someone something such t than that the their
theirs them then there these they this those through to too under until up upon us ve very want was we were what when
where which while who whom whose why will with within without would you your yours
"""
GERMAN = """
ab aber alle allem allen aller alles als also am an auch auf aus bei beim bin bis bist bitte da damit dann das dass
dein deine dem den der des dich die dies diese diesem diesen dieser dieses dir doch du durch ein eine einem einen
einer eines er es etwas euch euer fur für hab habe haben hat hatte hier hin ich ihm ihn ihr ihre im in ist ja jede
jedem jeden jeder jedes kann kein keine konnen können man mein meine mich mir mit muss nach nicht noch nun nur ob oder
ohne sehr sein seine sich sie sind so soll sollte sondern und uns unser unter vom von vor war waren was weil welche
wenn wer wie will wir wird wo wollen worden wurde zu zum zur zwischen über uber
"""
FRENCH = """
a ai as au aucun aux avec avoir c ce ces cet cette comme d dans de des du elle elles en est et etre être eu fait faire
faut il ils j je l la le les leur leurs lui m ma mais me meme même mes moi mon n ne nos notre nous on ont ou où par
pas peut plus pour qu quand que quel quelle quelque quelques qui s sa sans se ses si son sont sous sur t ta te tes toi
ton tous tout toute toutes tu un une veux vos votre vous y à été
"""
SPANISH = """
a al algo alguna algunas alguno algunos ante antes como con contra cual cuando de del desde donde durante e el ella
ellas ellos en entre era es esa ese eso esta este esto estos está fue ha hace hacer hay he la las le les lo los mas
más me mi mis mucho muy nada necesito ni no nos nosotros o os otra otro para pero por porque puede que quien quiero
qué se sea ser si sin sobre son su sus también tan te tiene todo todos tu tus un una uno unos y ya yo él
"""
ITALIAN = """
a ad agli ai al alla alle allo anche avere che chi ci come con da dagli dai dal dalla dalle degli dei del della delle
dello di dove e ed era essere fa fare gli ha hanno ho i il in io la le lei lo loro ma mi mia mie miei mio nei nel
nella nelle noi non o per perché però più può qual quale quando quello questa questo se sei si sia solo sono su sua
sue sui sul sulla suo tra tu tua tue tuo tutti tutto un una uno vi voglio voi vostro è
"""
PORTUGUESE = """
a ao aos as até com como da das de dela dele delas deles depois do dos e ela elas ele eles em entre era essa esse esta
este eu fazer foi há isso isto já lhe mais mas me mesmo meu minha muito na nas no nos nós não o os ou para pela pelo
por porque pode qual quando que quem quero se sem ser seu seus sobre sua suas são só também te tem ter tu um uma você
vocês à é
"""
DUTCH = """
aan al alle als bij dan dat de der des deze die dit doen door dus een en er geen had heb hebben heeft het hier hij hoe
hun iets ik in is ja je jouw kan kun maar me meer met mij mijn moet na naar niet nog nu of om onder ons ook op over te
toch tot uit van veel voor want waren was wat we wel werd wie wij wil worden wordt ze zelf zich zij zijn zo zonder zou
"""

LISTS = {
    "english": ENGLISH,
    "german": GERMAN,
    "french": FRENCH,
    "spanish": SPANISH,
    "italian": ITALIAN,
    "portuguese": PORTUGUESE,
    "dutch": DUTCH,
}
