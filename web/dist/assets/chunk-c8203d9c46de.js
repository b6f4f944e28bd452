var t=["off","report","prefer","require"];function r(e,o){return t.indexOf(e)>t.indexOf(o)?e:o}export{t as a,r as b};
