"""A stylesheet (XSLT 1.0) that shows any response of ours to people: what was found, or what is wrong, and where to go on."""

from __future__ import annotations

from typing import Final

STYLESHEET: Final = """<?xml version="1.0" encoding="UTF-8"?>
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:slim="http://www.loc.gov/MARC21/slim" xmlns:mx="info:lc/xmlns/marcxchange-v2" xmlns:zr="http://explain.z3950.org/dtd/2.0/"
 exclude-result-prefixes="dc slim mx zr">
<xsl:output method="html" encoding="UTF-8"/>
<xsl:template match="/">
<html lang="fr"><head><title>Catalogue</title></head><body>
<xsl:apply-templates select="//*[local-name()='diagnostics']/*"/>
<xsl:apply-templates select="/*/*"/>
</body></html>
</xsl:template>
<xsl:template match="*[local-name()='numberOfRecords'][parent::*[local-name()='searchRetrieveResponse']]">
<h1><xsl:value-of select="."/> notice(s)</h1>
</xsl:template>
<xsl:template match="*[local-name()='records']"><ol start="{*[1]/*[local-name()='recordPosition']}">
<xsl:for-each select="*"><li><xsl:apply-templates select="*[local-name()='recordData']"/></li></xsl:for-each></ol></xsl:template>
<xsl:template match="*[local-name()='recordData']"><xsl:apply-templates select="*"/></xsl:template>
<xsl:template match="slim:record|mx:record"><table>
<xsl:for-each select="slim:controlfield|mx:controlfield"><tr><th><xsl:value-of select="@tag"/></th><td></td><td>
<xsl:value-of select="."/></td></tr></xsl:for-each>
<xsl:for-each select="slim:datafield|mx:datafield"><tr><th><xsl:value-of select="@tag"/></th>
<td><xsl:value-of select="concat(@ind1, @ind2)"/></td><td>
<xsl:for-each select="*"><b>$<xsl:value-of select="@code"/></b><xsl:text> </xsl:text><xsl:value-of select="."/>
<xsl:text> </xsl:text></xsl:for-each></td></tr></xsl:for-each></table></xsl:template>
<xsl:template match="*[dc:*]"><dl><xsl:for-each select="dc:*"><dt><xsl:value-of select="local-name()"/></dt>
<dd><xsl:value-of select="."/></dd></xsl:for-each></dl></xsl:template>
<xsl:template match="*[local-name()='facetedResults']"><xsl:for-each select="*"><h2><xsl:value-of select="*[1]"/></h2><ul>
<xsl:for-each select="*[local-name()='terms']/*"><li><xsl:value-of select="*[local-name()='actualTerm']"/>
(<xsl:value-of select="*[local-name()='count']"/>)</li></xsl:for-each></ul></xsl:for-each></xsl:template>
<xsl:template match="*[local-name()='terms']"><ul><xsl:for-each select="*"><li><xsl:value-of select="*[local-name()='value']"/>
(<xsl:value-of select="*[local-name()='numberOfRecords']"/>)</li></xsl:for-each></ul></xsl:template>
<xsl:template match="zr:explain"><h1><xsl:value-of select="zr:databaseInfo/zr:title"/></h1>
<p><xsl:value-of select="zr:databaseInfo/zr:description"/></p><ul><xsl:for-each select="zr:indexInfo/zr:index">
<li><xsl:value-of select="zr:title"/>: <xsl:for-each select="zr:map/zr:name"><code>
<xsl:value-of select="concat(@set, '.', .)"/></code><xsl:text> </xsl:text></xsl:for-each></li></xsl:for-each></ul></xsl:template>
<xsl:template match="*[local-name()='diagnostic']"><p><strong><xsl:value-of select="*[local-name()='message']"/></strong>:
<xsl:value-of select="*[local-name()='details']"/></p></xsl:template>
<xsl:template match="/*/*[local-name()='record']"><xsl:apply-templates select="*[local-name()='recordData']"/></xsl:template>
<xsl:template match="text()"/>
<xsl:template match="*" priority="-1"/>
</xsl:stylesheet>
"""
"""Named by a request as `stylesheet=`, at the path `/sru.xsl` of both listeners."""
