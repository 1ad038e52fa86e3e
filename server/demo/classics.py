"""Works in the public domain that every library has: real titles, real authors, the year in which they came out."""

from __future__ import annotations

from typing import Final, NamedTuple


class Author(NamedTuple):
    """A person as a heading names them."""

    surname: str
    forename: str
    dates: str


class Work(NamedTuple):
    """A work. *dewey* is its class; *language* and *original* are those of a translated one, *cycle* what it is a part of."""

    author: Author | None
    title: str
    year: str
    dewey: str
    language: str = ""
    original: str = ""
    cycle: str = ""
    number: str = ""


_FRENCH: Final = """
Zola, Émile, 1840-1902, 843.8: Germinal 1885 | La fortune des Rougon 1871 | La curée 1872 | Le ventre de Paris 1873 |
 La conquête de Plassans 1874 | La faute de l'abbé Mouret 1875 | Son Excellence Eugène Rougon 1876 | L'assommoir 1877 |
 Une page d'amour 1878 | Nana 1880 | Pot-Bouille 1882 | Au Bonheur des dames 1883 | La joie de vivre 1884 | L'œuvre 1886 |
 La terre 1887 | Le rêve 1888 | La bête humaine 1890 | L'argent 1891 | La débâcle 1892 | Le docteur Pascal 1893 |
 Thérèse Raquin 1867 | Contes à Ninon 1864
Hugo, Victor, 1802-1885, 843.7: Les misérables 1862 | Notre-Dame de Paris 1831 | Quatrevingt-treize 1874 |
 Les travailleurs de la mer 1866 | L'homme qui rit 1869 | Le dernier jour d'un condamné 1829 | Claude Gueux 1834 |
 Bug-Jargal 1826 | Han d'Islande 1823
Hugo, Victor, 1802-1885, 841.7: Les contemplations 1856 | Les châtiments 1853 | La légende des siècles 1859 |
 Les feuilles d'automne 1831 | L'art d'être grand-père 1877
Hugo, Victor, 1802-1885, 842.7: Hernani 1830 | Ruy Blas 1838 | Lucrèce Borgia 1833
Verne, Jules, 1828-1905, 843.8: Vingt mille lieues sous les mers 1870 | Les Indes noires 1877 | Cinq semaines en ballon 1863 |
 Voyage au centre de la Terre 1864 | De la Terre à la Lune 1865 | Les enfants du capitaine Grant 1868 | Autour de la Lune 1870 |
 Le tour du monde en quatre-vingts jours 1873 | L'île mystérieuse 1875 | Michel Strogoff 1876 |
 Un capitaine de quinze ans 1878 | Les cinq cents millions de la Bégum 1879 | Le rayon vert 1882 | Mathias Sandorf 1885 |
 Robur le Conquérant 1886 | Deux ans de vacances 1888 | Le château des Carpathes 1892 | L'île à hélice 1895 |
 Face au drapeau 1896 | Le sphinx des glaces 1897
Sand, George, 1804-1876, 843.8: La mare au diable 1846 | La petite Fadette 1849 | François le Champi 1850 | Indiana 1832 |
 Consuelo 1843 | Les maîtres sonneurs 1853 | Lélia 1833 | Mauprat 1837
Dumas, Alexandre, 1802-1870, 843.8: Les trois mousquetaires 1844 | Vingt ans après 1845 | Le vicomte de Bragelonne 1850 |
 Le comte de Monte-Cristo 1846 | La reine Margot 1845 | La dame de Monsoreau 1846 | Le collier de la reine 1849 |
 La tulipe noire 1850
Dumas, Alexandre, 1824-1895, 843.8: La dame aux camélias 1848
Balzac, Honoré de, 1799-1850, 843.7: Le père Goriot 1835 | Eugénie Grandet 1834 | Illusions perdues 1843 |
 La peau de chagrin 1831 | Le lys dans la vallée 1836 | La cousine Bette 1846 | Le cousin Pons 1847 | Le colonel Chabert 1844 |
 Splendeurs et misères des courtisanes 1847 | César Birotteau 1837 | Les Chouans 1829 | La recherche de l'absolu 1834 |
 Béatrix 1839 | Ursule Mirouët 1841 | La femme de trente ans 1842 | Le médecin de campagne 1833
Flaubert, Gustave, 1821-1880, 843.8: Madame Bovary 1857 | Salammbô 1862 | L'éducation sentimentale 1869 | Trois contes 1877 |
 Bouvard et Pécuchet 1881 | La tentation de saint Antoine 1874
Maupassant, Guy de, 1850-1893, 843.8: Bel-Ami 1885 | Une vie 1883 | Boule de suif 1880 | La maison Tellier 1881 |
 Contes de la bécasse 1883 | Le Horla 1887 | Mont-Oriol 1887 | Pierre et Jean 1888 | Fort comme la mort 1889 | Notre cœur 1890
Stendhal, , 1783-1842, 843.7: Le rouge et le noir 1830 | La chartreuse de Parme 1839 | Chroniques italiennes 1855
Daudet, Alphonse, 1840-1897, 843.8: Lettres de mon moulin 1869 | Le petit Chose 1868 | Tartarin de Tarascon 1872 |
 Contes du lundi 1873
Malot, Hector, 1830-1907, 843.8: Sans famille 1878 | En famille 1893
Ségur, Sophie de, 1799-1874, 843.8: Les malheurs de Sophie 1859 | Les petites filles modèles 1858 | Les vacances 1859 |
 Mémoires d'un âne 1860 | Un bon petit diable 1865 | Le général Dourakine 1863 | L'auberge de l'Ange gardien 1863
Renard, Jules, 1864-1910, 843.8: Poil de carotte 1894
Vallès, Jules, 1832-1885, 843.8: L'enfant 1879 | Le bachelier 1881 | L'insurgé 1886
Gautier, Théophile, 1811-1872, 843.7: Le capitaine Fracasse 1863 | Le roman de la momie 1858 | Mademoiselle de Maupin 1835
Mérimée, Prosper, 1803-1870, 843.7: Carmen 1845 | Colomba 1840 | La Vénus d'Ille 1837
Nerval, Gérard de, 1808-1855, 843.7: Les filles du feu 1854 | Aurélia 1855
Chateaubriand, François-René de, 1768-1848, 843.6: Atala 1801 | René 1802 | Mémoires d'outre-tombe 1849
Barbey d'Aurevilly, Jules, 1808-1889, 843.8: Les diaboliques 1874
Huysmans, Joris-Karl, 1848-1907, 843.8: À rebours 1884 | Là-bas 1891
Loti, Pierre, 1850-1923, 843.8: Pêcheur d'Islande 1886 | Ramuntcho 1897
Leblanc, Maurice, 1864-1941, 843.9: Arsène Lupin gentleman-cambrioleur 1907 | L'aiguille creuse 1909 |
 La comtesse de Cagliostro 1924
Leroux, Gaston, 1868-1927, 843.9: Le mystère de la chambre jaune 1907 | Le parfum de la dame en noir 1908 |
 Le fantôme de l'Opéra 1910
Alain-Fournier, , 1886-1914, 843.9: Le grand Meaulnes 1913
Radiguet, Raymond, 1903-1923, 843.9: Le diable au corps 1923
Baudelaire, Charles, 1821-1867, 841.8: Les fleurs du mal 1857 | Le spleen de Paris 1869
Rimbaud, Arthur, 1854-1891, 841.8: Une saison en enfer 1873 | Illuminations 1886
Verlaine, Paul, 1844-1896, 841.8: Poèmes saturniens 1866 | Fêtes galantes 1869 | Romances sans paroles 1874 | Sagesse 1880
Apollinaire, Guillaume, 1880-1918, 841.9: Alcools 1913 | Calligrammes 1918
Lamartine, Alphonse de, 1790-1869, 841.7: Méditations poétiques 1820
Desbordes-Valmore, Marceline, 1786-1859, 841.7: Les pleurs 1833 | Poésies 1830
Musset, Alfred de, 1810-1857, 842.7: Lorenzaccio 1834 | On ne badine pas avec l'amour 1834
Rostand, Edmond, 1868-1918, 842.8: Cyrano de Bergerac 1897 | L'aiglon 1900
Molière, , 1622-1673, 842.4: Le malade imaginaire 1673 | L'avare 1668 | Le bourgeois gentilhomme 1670 |
 Les fourberies de Scapin 1671 | Le Tartuffe 1664 | Dom Juan 1665 | Le misanthrope 1666 | Les femmes savantes 1672 |
 L'école des femmes 1662 | Les précieuses ridicules 1659 | Le médecin malgré lui 1666
Racine, Jean, 1639-1699, 842.4: Phèdre 1677 | Andromaque 1667 | Britannicus 1669 | Bérénice 1670 | Iphigénie 1674
Corneille, Pierre, 1606-1684, 842.4: Le Cid 1637 | Horace 1640 | Cinna 1641 | L'illusion comique 1636
Marivaux, , 1688-1763, 842.5: Le jeu de l'amour et du hasard 1730 | L'île des esclaves 1725 | Les fausses confidences 1737
Beaumarchais, , 1732-1799, 842.5: Le barbier de Séville 1775 | Le mariage de Figaro 1784
La Fontaine, Jean de, 1621-1695, 841.4: Fables 1668
Perrault, Charles, 1628-1703, 843.4: Contes de ma mère l'Oye 1697
La Fayette, Marie-Madeleine de, 1634-1693, 843.4: La princesse de Clèves 1678
Voltaire, , 1694-1778, 843.5: Candide ou L'optimisme 1759 | Zadig 1748 | Micromégas 1752 | L'ingénu 1767
Rousseau, Jean-Jacques, 1712-1778, 843.5: Les confessions 1782 | Les rêveries du promeneur solitaire 1782
Diderot, Denis, 1713-1784, 843.5: Jacques le fataliste et son maître 1796 | La religieuse 1796
Montesquieu, , 1689-1755, 843.5: Lettres persanes 1721
Laclos, Pierre Choderlos de, 1741-1803, 843.5: Les liaisons dangereuses 1782
Prévost, Antoine François, 1697-1763, 843.5: Manon Lescaut 1731
Rabelais, François, 1494-1553, 843.3: Gargantua 1534 | Pantagruel 1532
Montaigne, Michel de, 1533-1592, 844.3: Essais 1580
Du Bellay, Joachim, 1522-1560, 841.3: Les regrets 1558
"""
_CYCLES: Final = """
Zola, Émile, 1840-1902, 843.8, Les Rougon-Macquart: La fortune des Rougon 1871 | La curée 1872 | Le ventre de Paris 1873 |
 La conquête de Plassans 1874 | La faute de l'abbé Mouret 1875 | Son Excellence Eugène Rougon 1876 | L'assommoir 1877 |
 Une page d'amour 1878 | Nana 1880 | Pot-Bouille 1882 | Au Bonheur des dames 1883 | La joie de vivre 1884 | Germinal 1885
Proust, Marcel, 1871-1922, 843.9, À la recherche du temps perdu: Du côté de chez Swann 1913 |
 À l'ombre des jeunes filles en fleurs 1918 | Le côté de Guermantes 1920 | Sodome et Gomorrhe 1921 | La prisonnière 1923 |
 Albertine disparue 1925 | Le temps retrouvé 1927
"""
_FOREIGN: Final = """
Dickens, Charles, 1812-1870, 823.8, eng: De grandes espérances = Great expectations 1861 | Oliver Twist = Oliver Twist 1838 |
 David Copperfield = David Copperfield 1850 | Un chant de Noël = A Christmas carol 1843 | Temps difficiles = Hard times 1854
Austen, Jane, 1775-1817, 823.7, eng: Orgueil et préjugés = Pride and prejudice 1813 | Emma = Emma 1815 |
 Raison et sentiments = Sense and sensibility 1811
Brontë, Charlotte, 1816-1855, 823.8, eng: Jane Eyre = Jane Eyre 1847
Brontë, Emily, 1818-1848, 823.8, eng: Les hauts de Hurlevent = Wuthering Heights 1847
Shelley, Mary, 1797-1851, 823.7, eng: Frankenstein = Frankenstein 1818
Stevenson, Robert Louis, 1850-1894, 823.8, eng: L'île au trésor = Treasure island 1883 |
 L'étrange cas du docteur Jekyll et de M. Hyde = Strange case of Dr Jekyll and Mr Hyde 1886
Carroll, Lewis, 1832-1898, 823.8, eng: Les aventures d'Alice au pays des merveilles = Alice's adventures in Wonderland 1865 |
 De l'autre côté du miroir = Through the looking-glass 1871
Wilde, Oscar, 1854-1900, 823.8, eng: Le portrait de Dorian Gray = The picture of Dorian Gray 1890 |
 Le fantôme de Canterville = The Canterville ghost 1887
Stoker, Bram, 1847-1912, 823.8, eng: Dracula = Dracula 1897
Doyle, Arthur Conan, 1859-1930, 823.9, eng: Le chien des Baskerville = The hound of the Baskervilles 1902 |
 Une étude en rouge = A study in scarlet 1887 | Les aventures de Sherlock Holmes = The adventures of Sherlock Holmes 1892
Kipling, Rudyard, 1865-1936, 823.8, eng: Le livre de la jungle = The jungle book 1894
Shakespeare, William, 1564-1616, 822.3, eng: Roméo et Juliette = Romeo and Juliet 1597 | Hamlet = Hamlet 1603 |
 Macbeth = Macbeth 1623 | Le songe d'une nuit d'été = A midsummer night's dream 1600
Poe, Edgar Allan, 1809-1849, 813.3, eng: Histoires extraordinaires = Tales 1856
Twain, Mark, 1835-1910, 813.4, eng: Les aventures de Tom Sawyer = The adventures of Tom Sawyer 1876
London, Jack, 1876-1916, 813.5, eng: Croc-Blanc = White Fang 1906 | L'appel de la forêt = The call of the wild 1903 |
 Martin Eden = Martin Eden 1909
Melville, Herman, 1819-1891, 813.3, eng: Moby Dick = Moby-Dick 1851 | Bartleby = Bartleby, the scrivener 1853
Swift, Jonathan, 1667-1745, 823.5, eng: Les voyages de Gulliver = Gulliver's travels 1726
Defoe, Daniel, 1660-1731, 823.5, eng: Robinson Crusoé = Robinson Crusoe 1719
Goethe, Johann Wolfgang von, 1749-1832, 833.6, ger: Les souffrances du jeune Werther = Die Leiden des jungen Werthers 1774
Grimm, Jacob, 1785-1863, 833.7, ger: Contes = Kinder- und Hausmärchen 1812
Kafka, Franz, 1883-1924, 833.9, ger: La métamorphose = Die Verwandlung 1915 | Le procès = Der Prozess 1925
Cervantes Saavedra, Miguel de, 1547-1616, 863.3, spa: Don Quichotte = Don Quijote de la Mancha 1605
Dante Alighieri, , 1265-1321, 851.1, ita: La divine comédie = Divina commedia 1472
Collodi, Carlo, 1826-1890, 853.8, ita: Les aventures de Pinocchio = Le avventure di Pinocchio 1883
Andersen, Hans Christian, 1805-1875, 839.8, dan: Contes = Eventyr 1835
Multatuli, , 1820-1887, 839.3, dut: Max Havelaar = Max Havelaar 1860
"""


def _works(text: str) -> list[Work]:
    works = []
    for line in text.replace("|\n", "| ").strip().splitlines():
        head, _, titles = line.partition(": ")
        surname, forename, dates, dewey, *more = (part.strip() for part in head.split(", "))
        author = Author(surname, forename, dates)
        for number, part in enumerate(titles.split("|"), start=1):
            title, year = part.strip().rsplit(" ", 1)
            french, _, original = title.partition(" = ")
            if original:
                works.append(Work(author, french, year, dewey, more[0], original))
            elif more:
                works.append(Work(author, french, year, dewey, cycle=more[0], number=str(number)))
            else:
                works.append(Work(author, french, year, dewey))
    return works


_ANONYMOUS: Final = [
    Work(None, "La chanson de Roland", "1100", "841.1"),
    Work(None, "Le roman de Renart", "1200", "841.1"),
    Work(None, "Les mille et une nuits", "1704", "398.2", "ara", "Alf layla wa-layla"),
]
WORKS: Final[tuple[Work, ...]] = (*_works(_FRENCH), *_works(_CYCLES), *_works(_FOREIGN), *_ANONYMOUS)
"""The first is the one of which the demo's first item is a copy."""
